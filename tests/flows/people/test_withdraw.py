"""A wrong report that got in and was taken out: the nights go on, and Graph hears the values before it again."""

from datetime import date
from pathlib import Path

from activation_sync.core.model import Report
from activation_sync.core.runs.outcome import Outcome
from activation_sync.landing.store import Landing
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.reports.manifest import LandedReport, record_landed
from tasks.acts.rebuild import rebuild
from tasks.acts.withdraw import Withdrawn, Wrong, preview_withdraw, withdraw
from tasks.steps.load import load_past_report
from tasks.wiring import now
from tests.support.sites.nights import restated
from tests.support.sites.offline_site import APPS, counts_csv, detail_csv
from tests.support.sites.records import standing
from tests.support.sites.site import Site

FAR = date(2037, 1, 1)


def taken_out(site: Site, on: date, report: str | None = None) -> Withdrawn:
    """Withdrawn, whatever the guards say of it."""
    wrong = Wrong(on, "it is wrong", report)
    looked = preview_withdraw(site.tenant.name, wrong)
    return withdraw(site.tenant.name, wrong, looked.withdrawal.plan.digest)[0]


def got_in(site: Site, on: date) -> None:
    """Reports of a date that no guard should have let in, landed and replayed."""
    from flows.backfill import backfill
    from flows.endings import fared_in

    for report, content in (
        (Report.USER_COUNTS, counts_csv(on, {APPS: 6})),
        (Report.USER_DETAIL, detail_csv(on, {APPS: 7})),
    ):
        file = Landing(str(site.folder / "landing")).land(site.tenant.name, report, [content], "csv")
        landed = LandedReport(site.tenant.name, report, file.sha256, file.size_bytes, file.path, now(), now())
        with writing(site.engine) as connection, Landing(str(site.folder / "landing")).open(file.path) as stream:
            load_past_report(connection, record_landed(connection, landed), stream)
    (summary,) = fared_in(backfill(on, on, "a test", return_state=True))
    if summary.outcome is Outcome.HELD:
        backfill(on, on, "a test", approve=summary.days[-1].digest, return_state=True)


def test_a_date_in_the_far_future_locks_nothing_once_it_is_withdrawn(site: Site, tmp_path: Path):
    site.sync()
    got_in(site, FAR)
    assert (standing(site).newest_refreshed_on, standing(site).dead) == (FAR, 1)

    found = taken_out(site, FAR, "all")

    assert [key.refreshed_on for key in found.withdrawal.gone] == [FAR]
    assert standing(site).dead == 0  # Graph had refused a row of that date
    assert standing(site).newest_refreshed_on == site.emulator.refreshed_on
    site.emulator.advance(days=1)
    assert site.sync().outcome is Outcome.DONE
    assert standing(site).newest_refreshed_on == site.emulator.refreshed_on
    assert rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}").is_equal


def test_graph_hears_the_values_before_again_and_is_not_believed_the_same_bytes_twice(site: Site, tmp_path: Path):
    site.sync()
    before, detail = site.warehouse_rows(), site.ending()["detail"]
    restated(site)
    assert site.warehouse_rows() == site.graph_rows() != before

    taken_out(site, site.emulator.refreshed_on, Report.USER_DETAIL)

    assert (site.warehouse_rows(), site.ending()["detail"]) == (before, detail)
    assert restated(site).plan.written == 0  # Graph says it again
    assert site.warehouse_rows() == site.graph_rows() == before
    site.emulator.advance(days=1)
    site.sync()
    assert site.warehouse_rows() == site.graph_rows()
    assert rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}").is_equal
