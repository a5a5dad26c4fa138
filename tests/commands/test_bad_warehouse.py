"""A warehouse that is missing, too new, too old or may not be written, on both databases."""

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.support.exits import Exit
from tests.commands.conftest import terminal_of
from tests.support.sites.site import Site, open_site
from tests.support.sites.terminal import Terminal

READERS = (["sync"], ["status"], ["why", "PROJECT CLIENT"], ["conflicts"])
DROP_FROM_BOUNDING_SET, OVERRIDE_FILE_MODES = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE; linux/prctl.h, capability.h


on_sqlite = pytest.mark.parametrize("warehouse_url", ["sqlite"], indirect=True)


@pytest.fixture
def site(tmp_path: Path, warehouse_url: str) -> Iterator[Site]:
    with open_site(tmp_path, warehouse_url) as site:
        yield site


@pytest.fixture
def terminal(site: Site) -> Terminal:
    return terminal_of(site)


def obey_file_modes() -> None:
    """Root may otherwise write what nobody may; refused to, and not needed by, everybody else."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, OVERRIDE_FILE_MODES, 0, 0, 0)


def take_away_writing(site: Site) -> dict[str, str]:
    """The file may only be read, or the account may; with the settings of somebody who does not know yet."""
    url = site.engine.url
    if url.get_backend_name() == "postgresql":
        for statement in ("CREATE ROLE reader LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"):
            site.execute(statement)
        return {"ACTIVATION_SYNC__WAREHOUSE__URL": url.set(username="reader").render_as_string(hide_password=False)}
    site.engine.dispose()
    for file in site.folder.glob("warehouse.db*"):
        file.chmod(0o444)
    return {}


def test_a_warehouse_that_may_not_be_written_is_found_by_check_and_before_a_run(site: Site, terminal: Terminal):
    settings = take_away_writing(site)

    checked = terminal.type("check", before_start=obey_file_modes, **settings)
    synced = terminal.type("sync", before_start=obey_file_modes, **settings)

    assert (checked.code, synced.code) == (Exit.FAILED, Exit.FAILED)
    assert "bad warehouse: " in checked.everything
    for said in (checked, synced):
        assert "it is read-only" in said.everything or "the account lacks a permission" in said.everything
        assert "grant" in said.everything


@on_sqlite
def test_the_schema_of_tomorrow_is_left_alone(site: Site, terminal: Terminal):
    site.execute("UPDATE activation_sync_version SET version_num = '9999'")

    for words in (*READERS, ["migrate"]):
        said = terminal.type(*words)
        assert (said.code, said.out) == (Exit.FAILED, "")
        assert "has schema 9999" in said.err
        assert "upgrade the application" in said.err
    assert site.query("SELECT version_num FROM activation_sync_version") == [("9999",)]


@on_sqlite
def test_no_schema_points_to_migrate_which_makes_one(tmp_path: Path, terminal: Terminal):
    empty = {"ACTIVATION_SYNC__WAREHOUSE__URL": f"sqlite:///{tmp_path / 'empty.db'}"}

    for words in READERS:
        said = terminal.type(*words, **empty)
        assert (said.code, said.out) == (Exit.FAILED, "")
        assert "run: activation-sync migrate" in said.err
    assert terminal.type("migrate", "--json", **empty).json["before"] is None
    assert "already up to date" in terminal.type("migrate", **empty).out
    assert terminal.type("status", **empty).code == Exit.DONE


@on_sqlite
def test_a_warehouse_that_does_not_answer(terminal: Terminal):
    said = terminal.type("status", ACTIVATION_SYNC__WAREHOUSE__URL="postgresql://me:pa55word@127.0.0.1:9/counts")

    assert said.code == Exit.FAILED
    assert "postgresql://127.0.0.1:9/counts is busy: it does not answer" in said.everything
    assert "pa55word" not in said.everything
