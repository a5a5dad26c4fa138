"""A warehouse restored from a backup that is days old, as RUNBOOK.md says to do it, loses nothing that can be had."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from activation_sync.core.run import Outcome
from tasks.wiring import open_warehouse
from tests.commands.conftest import terminal_of
from tests.stage import Stage, open_stage

LONG_AGO = 1_600_000_000
REFRESHED_ON = "SELECT min(refreshed_on), max(refreshed_on) FROM raw_report WHERE source = 'import'"


@pytest.fixture
def stage(tmp_path: Path):
    with open_stage(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as stage:
        yield stage


def restored_after_three_nights(stage: Stage) -> None:
    """A backup after the first night; then a correction that reached Graph, and three nights that are lost."""
    stage.sync()
    database, backup = stage.folder / "warehouse.db", stage.folder / "backup.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    stage.execute("UPDATE activation_user_count SET assigned = assigned - 2 WHERE product LIKE 'VISIO%'")
    for _ in range(3):
        stage.emulator.advance(days=1)
        stage.sync()
    for engine in (stage.engine, open_warehouse()):  # as if all processes had been stopped
        engine.dispose()
    for file in stage.folder.glob("warehouse.db*"):
        file.unlink()
    shutil.copy(backup, database)


def test_without_the_doubt_graph_keeps_a_correction_that_the_restored_warehouse_never_heard_of(stage: Stage):
    restored_after_three_nights(stage)

    stage.sync()

    [(_, product, *_)] = {row for row in stage.graph_rows() if row not in stage.warehouse_rows()} - recent(stage)
    assert product.startswith("VISIO")


def recent(stage: Stage) -> set[tuple[object, ...]]:
    """Rows of dates that the restored warehouse does not know."""
    [(first,)] = stage.query("SELECT min(refreshed_on) FROM activation_user_count")
    return {row for row in stage.graph_rows() if row[0] != first}


def test_restored_as_the_runbook_says_warehouse_and_graph_are_one_again_and_no_landed_report_is_lost(stage: Stage):
    restored_after_three_nights(stage)
    files = sorted((stage.folder / "landing" / stage.tenant.name).rglob("*.csv"))
    for file in files:  # old enough to be dropped, were they still unknown
        os.utime(file, (LONG_AGO, LONG_AGO))

    assert terminal_of(stage).type("import", "--tenant", stage.tenant.name, *map(str, files)).code == 0
    [(first, last)] = stage.query(REFRESHED_ON)
    assert terminal_of(stage).type("backfill", "--from", first, "--to", last, "--reason", "restored").code == 0
    stage.execute("UPDATE sync_base SET in_doubt = true")
    stage.emulator.advance(days=1)

    assert stage.sync().outcome is Outcome.DONE

    assert stage.warehouse_rows() == stage.graph_rows()
    assert all(file.exists() for file in files)
    assert stage.query("SELECT count(DISTINCT refreshed_on) FROM activation_user_count") == [(5,)]
