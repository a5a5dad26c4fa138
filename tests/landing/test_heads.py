"""Heads of the ledger are noted beside the bytes, a file a run, and the newest is found whatever their number."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activation_sync.core.stamp import Head, Stamp
from activation_sync.errors import LedgerError
from activation_sync.landing.heads import note_head, noted_tenants, read_noted_head
from activation_sync.landing.store import Landing

BY = Stamp("a-run", "job", datetime(2026, 11, 21, 2, 0, tzinfo=UTC))


def head(row: int) -> Head:
    return Head(row, f"{row:064x}")


@pytest.fixture(params=["folder", "bucket"])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Landing:
    return Landing(str(tmp_path / "landing") if request.param == "folder" else request.getfixturevalue("bucket_url"))


def test_the_head_noted_last_is_found_with_who_noted_it_and_when(landing: Landing) -> None:
    assert read_noted_head(landing, "contoso") is None
    note_head(landing, "contoso", head(5), BY)
    note_head(landing, "fabrikam", head(9), BY)
    last = note_head(landing, "contoso", head(7), replace(BY, run_id="a-later-run"))

    assert read_noted_head(landing, "contoso") == last
    assert (last.sequence, last.head, last.run_id, last.at) == (2, head(7), "a-later-run", BY.at)
    assert noted_tenants(landing) == ["contoso", "fabrikam"]


def test_a_head_noted_after_a_restore_counts_although_its_row_is_an_earlier_one(landing: Landing) -> None:
    note_head(landing, "contoso", head(500), BY)
    note_head(landing, "contoso", head(301), BY)

    found = read_noted_head(landing, "contoso")

    assert found is not None
    assert found.head == head(301)


def test_the_newest_is_found_where_a_block_of_names_is_full(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    facts = {"sequence": 999, "tenant": "contoso", "row": 5, "hash": "a", "run_id": "r", "at": BY.at.isoformat()}
    landing.keep("_heads/contoso/000000/000000999-r.json", json.dumps(facts).encode())

    last = note_head(landing, "contoso", head(6), BY)

    assert last.sequence == 1_000
    assert read_noted_head(landing, "contoso") == last


def test_no_note_is_ever_overwritten_and_none_counts_as_a_report_of_a_tenant(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    for row in range(3):
        note_head(landing, "contoso", head(row), BY)

    assert len(list((tmp_path / "_heads").rglob("*.json"))) == 3
    assert landing.files("contoso") == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"sequence": 1', b"\xff"])
def test_a_damaged_note_is_named_and_never_taken_for_no_note(tmp_path: Path, content: bytes) -> None:
    landing = Landing(str(tmp_path))
    landing.keep("_heads/contoso/000000/000000001-r.json", content)

    with pytest.raises(LedgerError, match=r"000000001-r.json is damaged"):
        read_noted_head(landing, "contoso")


def test_a_note_of_another_tenant_is_named_and_counts_for_nobody(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    note_head(landing, "contoso", head(5), BY)
    (tmp_path / "_heads" / "contoso").rename(tmp_path / "_heads" / "fabrikam")

    with pytest.raises(LedgerError, match="of another tenant, 'contoso'"):
        read_noted_head(landing, "fabrikam")


def test_files_and_folders_that_are_no_notes_keep_no_night_back(tmp_path: Path) -> None:
    landing = Landing(str(tmp_path))
    last = note_head(landing, "contoso", head(5), BY)
    for stray in ("contoso/zz/x.json", "contoso/000000/zz.tmp", "contoso/000000/.DS_Store", ".DS_Store"):
        landing.keep(f"_heads/{stray}", b"")

    assert read_noted_head(landing, "contoso") == last
    assert read_noted_head(landing, ".DS_Store") is None
