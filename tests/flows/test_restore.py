"""A warehouse restored from a backup that is days old, as RUNBOOK.md says to do it, loses nothing that can be had."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from activation_sync.core.runs.outcome import Outcome
from tasks.wiring import open_warehouse
from tests.commands.conftest import terminal_of
from tests.support.site import Site, open_site

LONG_AGO = 1_600_000_000
REFRESHED_ON = "SELECT min(refreshed_on), max(refreshed_on) FROM raw_report WHERE source = 'import'"


@pytest.fixture
def site(tmp_path: Path):
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        yield site


def restored_after_three_nights(site: Site) -> None:
    """A backup after the first night; then a correction that reached Graph, and three nights that are lost."""
    site.sync()
    database, backup = site.folder / "warehouse.db", site.folder / "backup.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    site.execute("UPDATE activation_user_count SET assigned = assigned - 2 WHERE product LIKE 'VISIO%'")
    for _ in range(3):
        site.emulator.advance(days=1)
        site.sync()
    for engine in (site.engine, open_warehouse()):  # as if all processes had been stopped
        engine.dispose()
    for file in site.folder.glob("warehouse.db*"):
        file.unlink()
    shutil.copy(backup, database)


def test_without_the_doubt_graph_keeps_a_correction_that_the_restored_warehouse_never_heard_of(site: Site):
    restored_after_three_nights(site)

    site.sync()

    [(_, product, *_)] = {row for row in site.graph_rows() if row not in site.warehouse_rows()} - recent(site)
    assert product.startswith("VISIO")


def recent(site: Site) -> set[tuple[object, ...]]:
    """Rows of dates that the restored warehouse does not know."""
    [(first,)] = site.query("SELECT min(refreshed_on) FROM activation_user_count")
    return {row for row in site.graph_rows() if row[0] != first}


def test_restored_as_the_runbook_says_warehouse_and_graph_are_one_again_and_no_landed_report_is_lost(site: Site):
    restored_after_three_nights(site)
    files = sorted((site.folder / "landing" / site.tenant.name).rglob("*.csv"))
    for file in files:  # old enough to be dropped, were they still unknown
        os.utime(file, (LONG_AGO, LONG_AGO))

    assert terminal_of(site).type("import", "--tenant", site.tenant.name, *map(str, files)).code == 0
    [(first, last)] = site.query(REFRESHED_ON)
    assert terminal_of(site).type("backfill", "--from", first, "--to", last, "--reason", "restored").code == 0
    site.execute("UPDATE sync_base SET in_doubt = true")
    site.emulator.advance(days=1)

    assert site.sync().outcome is Outcome.DONE

    assert site.warehouse_rows() == site.graph_rows()
    assert all(file.exists() for file in files)
    assert site.query("SELECT count(DISTINCT refreshed_on) FROM activation_user_count") == [(5,)]
