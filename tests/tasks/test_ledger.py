"""Each run notes how far the ledger came, and none goes on upon a ledger that lost what an earlier one noted."""

import json
from pathlib import Path
from typing import Any

import pytest

from activation_sync.core.model import Measure, Report
from activation_sync.core.runs.outcome import Outcome
from activation_sync.errors import LedgerError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.ledger.chain import read_newest
from activation_sync.warehouse.runs.runs import read_runs
from tasks.acts.correct import Correction, correct
from tasks.ledger import note_whole_ledger
from tests.support.rows import stamp
from tests.support.sites.ledgers import let_ledger_change
from tests.support.sites.offline_site import APPS, TENANT, OfflineSite, counts_csv, day, detail_csv


def notes(site: OfflineSite) -> list[Path]:
    return sorted((site.folder / "landing" / "_heads" / TENANT).rglob("*.json"))


def corrected(site: OfflineSite, *numbers: int) -> None:
    for number in numbers:
        correct(TENANT, Correction(APPS, {Measure.ASSIGNED: number}, "licence audit"))


@pytest.fixture
def twice_corrected(site: OfflineSite) -> OfflineSite:
    """A refresh date was replayed, then a person corrected it twice."""
    site.land((Report.USER_COUNTS, counts_csv(day(0), {APPS: 5})), (Report.USER_DETAIL, detail_csv(day(0), {APPS: 5})))
    site.backfill(day(0), day(0))
    corrected(site, 31, 32)
    return site


def test_a_run_notes_the_newest_row_of_the_ledger_and_itself(twice_corrected: OfflineSite) -> None:
    [_, last] = [json.loads(note.read_text()) for note in notes(twice_corrected)]

    with reading(twice_corrected.engine) as connection:
        newest, run = read_newest(connection, TENANT), read_runs(connection, TENANT, 1)[0]
    assert newest is not None
    assert (last["row"], last["hash"], last["run_id"]) == (newest.row, newest.hash, run.run_id)


def test_a_run_killed_between_its_commit_and_its_note_is_not_taken_for_tampering(twice_corrected: OfflineSite) -> None:
    notes(twice_corrected)[-1].unlink()

    corrected(twice_corrected, 33)

    assert twice_corrected.query("SELECT assigned FROM activation_user_count") == [(33,)]


def test_upon_a_ledger_without_the_row_noted_last_nothing_is_written(twice_corrected: OfflineSite) -> None:
    let_ledger_change(twice_corrected.engine, "DELETE FROM ledger WHERE id = (SELECT max(id) FROM ledger)")
    rows: list[Any] = twice_corrected.query("SELECT * FROM ledger ORDER BY id")

    with pytest.raises(LedgerError, match=rf"verify-ledger {TENANT}.*restore --tenant {TENANT}"):
        corrected(twice_corrected, 33)

    assert twice_corrected.query("SELECT * FROM ledger ORDER BY id") == rows
    with reading(twice_corrected.engine) as connection:
        assert read_runs(connection, TENANT, 1)[0].outcome is Outcome.FAILED
    assert len(notes(twice_corrected)) == 2


def test_a_run_during_which_rows_were_cut_off_notes_no_head_that_would_hide_it(twice_corrected: OfflineSite) -> None:
    let_ledger_change(twice_corrected.engine, "DELETE FROM ledger WHERE id = (SELECT max(id) FROM ledger)")

    with pytest.raises(LedgerError, match="does not hold row"):
        note_whole_ledger(TENANT, stamp())

    assert len(notes(twice_corrected)) == 2


def test_upon_an_emptied_ledger_nothing_is_written_although_its_notes_are_gone_too(
    twice_corrected: OfflineSite,
) -> None:
    let_ledger_change(twice_corrected.engine, "DELETE FROM ledger")
    for note in notes(twice_corrected):
        note.unlink()

    with pytest.raises(LedgerError, match="is empty, although runs are on record"):
        corrected(twice_corrected, 33)

    assert (twice_corrected.query("SELECT count(*) FROM ledger"), notes(twice_corrected)) == ([(0,)], [])
