"""Landed reports expire at the end of a run; what is needed, and what is recorded, stays."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activation_sync.core.run import Outcome
from tests.stage import Stage

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


def files(stage: Stage) -> set[str]:
    landing = stage.folder / "landing"
    return {path.relative_to(landing).as_posix() for path in (landing / stage.tenant.name).rglob("*.csv")}


def paths(stage: Stage, condition: str) -> set[str]:
    return {path for (path,) in stage.query(f"SELECT path FROM raw_report WHERE {condition}")}  # noqa: S608


def age(stage: Stage) -> None:
    """Make every landed report an old one."""
    when = LONG_AGO.isoformat().replace("+00:00", "Z")
    stage.execute("UPDATE raw_report SET seen_at = :when, landed_at = :when", when=when)
    for path in files(stage):
        make_old(stage.folder / "landing" / path)


def make_old(file: Path) -> None:
    os.utime(file, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def two_nights(stage: Stage) -> set[str]:
    """A night long ago, then one of today; returns the files of the first."""
    stage.sync()
    age(stage)
    before = files(stage)
    stage.emulator.advance(days=1)
    assert stage.sync().outcome is Outcome.DONE
    return before


def test_old_reports_expire_and_the_night_goes_on(stage: Stage):
    before = two_nights(stage)

    assert len(before) == 3
    assert not before & files(stage)
    assert paths(stage, "expired_at IS NOT NULL") == before
    assert paths(stage, "expired_at IS NULL") == files(stage)
    assert stage.sync().outcome is Outcome.NOTHING_NEW
    assert stage.warehouse_rows() == stage.graph_rows()


def test_reports_of_a_date_whose_updates_wait_stay(stage: Stage):
    stage.configure(write_back={"enabled": False})

    before = two_nights(stage)

    assert before < files(stage)
    assert paths(stage, "expired_at IS NOT NULL") == set()


def test_a_run_killed_after_a_file_went_is_finished_by_the_next(stage: Stage):
    before = two_nights(stage)
    stage.execute("UPDATE raw_report SET expired_at = NULL WHERE expired_at IS NOT NULL")

    stage.sync()

    assert paths(stage, "expired_at IS NOT NULL") == before


def test_a_file_that_was_never_recorded_goes_after_a_day_and_no_other(stage: Stage):
    stage.sync()
    recorded = files(stage)
    folder = stage.folder / "landing" / stage.tenant.name / "user-counts"
    old, fresh = folder / f"{'0' * 64}.csv", folder / f"{'1' * 64}.csv"
    for orphan in (old, fresh):
        orphan.write_bytes(b"landed, and then the run was killed")
    make_old(old)
    for path in recorded:
        make_old(stage.folder / "landing" / path)

    stage.sync()

    assert recorded <= files(stage)
    assert files(stage) - paths(stage, "expired_at IS NULL") == {f"{stage.tenant.name}/user-counts/{fresh.name}"}
