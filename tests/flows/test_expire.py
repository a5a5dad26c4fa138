"""Landed reports expire at the end of a run; what is needed, and what is recorded, stays."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activation_sync.core.runs.outcome import Outcome
from tests.support.sites.site import Site

LONG_AGO = datetime.now(UTC) - timedelta(days=200)


def files(site: Site) -> set[str]:
    landing = site.folder / "landing"
    return {path.relative_to(landing).as_posix() for path in (landing / site.tenant.name).rglob("*.csv")}


def paths(site: Site, condition: str) -> set[str]:
    return {path for (path,) in site.query(f"SELECT path FROM raw_report WHERE {condition}")}  # noqa: S608


def age(site: Site) -> None:
    """Make every landed report an old one."""
    when = LONG_AGO.isoformat().replace("+00:00", "Z")
    site.execute("UPDATE raw_report SET seen_at = :when, landed_at = :when", when=when)
    for path in files(site):
        make_old(site.folder / "landing" / path)


def make_old(file: Path) -> None:
    os.utime(file, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def two_nights(site: Site) -> set[str]:
    """A night long ago, then one of today; returns the files of the first."""
    site.sync()
    age(site)
    before = files(site)
    site.emulator.advance(days=1)
    assert site.sync().outcome is Outcome.DONE
    return before


def test_old_reports_expire_and_the_night_goes_on(site: Site):
    before = two_nights(site)

    assert len(before) == 3
    assert not before & files(site)
    assert paths(site, "expired_at IS NOT NULL") == before
    assert paths(site, "expired_at IS NULL") == files(site)
    assert site.sync().outcome is Outcome.NOTHING_NEW
    assert site.warehouse_rows() == site.graph_rows()


def test_reports_of_a_date_whose_updates_wait_stay(site: Site):
    site.configure(write_back={"enabled": False})

    before = two_nights(site)

    assert before < files(site)
    assert paths(site, "expired_at IS NOT NULL") == set()


def test_a_run_killed_after_a_file_went_is_finished_by_the_next(site: Site):
    before = two_nights(site)
    site.execute("UPDATE raw_report SET expired_at = NULL WHERE expired_at IS NOT NULL")

    site.sync()

    assert paths(site, "expired_at IS NOT NULL") == before


def test_a_file_that_was_never_recorded_goes_after_a_day_and_no_other(site: Site):
    site.sync()
    recorded = files(site)
    folder = site.folder / "landing" / site.tenant.name / "user-counts"
    old, fresh = folder / f"{'0' * 64}.csv", folder / f"{'1' * 64}.csv"
    for orphan in (old, fresh):
        orphan.write_bytes(b"landed, and then the run was killed")
    make_old(old)
    for path in recorded:
        make_old(site.folder / "landing" / path)

    site.sync()

    assert recorded <= files(site)
    assert files(site) - paths(site, "expired_at IS NULL") == {f"{site.tenant.name}/user-counts/{fresh.name}"}
