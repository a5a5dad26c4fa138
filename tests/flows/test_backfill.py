"""Backfills as whole runs: imported dates reach warehouse and Graph, and the nights around them notice nothing."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from activation_sync.core.model import Report
from activation_sync.core.runs.backfill import BackfillSummary, DayVerdict
from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault, Scenario
from flows.endings import fared_in
from tasks.acts.imports import import_report
from tasks.acts.rebuild import rebuild
from tasks.run import hold_tenant
from tasks.wiring import open_graph
from tests.support.faults import DETAIL, PLATFORMS
from tests.support.sites.site import PATCH, Site, open_site

REASON = "the job was not yet installed"


def download_by_hand(
    site: Site, days: int, tenant: str | None = None, reports: Sequence[Report] = tuple(Report)
) -> list[Path]:
    """What a person saved, day after day; then another day has come."""
    name, saved = tenant or site.tenant.name, []
    for _ in range(days):
        with open_graph(name) as graph:
            for report in reports:
                saved.append(site.folder / f"{name} {report} ({len(saved)}).csv")
                with graph.download(report) as download:
                    saved[-1].write_bytes(b"".join(download.chunks))
        site.emulator.advance(days=1)
    return saved


def import_files(site: Site, files: Sequence[Path], tenant: str | None = None) -> None:
    name = tenant or site.tenant.name
    with hold_tenant(name, "import") as lease:
        for file in files:
            import_report(name, file, lease)


def backfill(site: Site, start: date, end: date, **parameters: object) -> tuple[str, list[BackfillSummary]]:
    """The name of the state that the flow ended in, and what it says of each tenant."""
    from flows.backfill import backfill as flow

    state = flow(start, end, REASON, return_state=True, **parameters)
    return state.name, fared_in(state)


@pytest.fixture
def past(site: Site) -> tuple[date, date]:
    """Four dates downloaded by hand and imported, before the first night."""
    first = site.emulator.refreshed_on
    import_files(site, download_by_hand(site, 4))
    return first, first + timedelta(days=3)


def test_imported_dates_reach_the_warehouse_and_graph_with_the_reason_in_the_ledger(site, past):
    name, [summary] = backfill(site, *past)

    assert (name, summary.outcome) == ("Completed", Outcome.DONE)
    assert [day.verdict for day in summary.days] == [DayVerdict.APPLIED] * 4
    assert summary.verification.confirmed == summary.delivery.acknowledged == len(site.patches()) > 0
    dates = {str(past[0] + timedelta(days=number)) for number in range(4)}
    assert site.warehouse_rows() == {row for row in site.graph_rows() if row[0] in dates}
    note = f"backfill {past[0]}..{past[1]}: {REASON}"
    assert site.query("SELECT DISTINCT note FROM ledger WHERE kind = 'decision'") == [(note,)]
    assert site.query("SELECT kind, reason, outcome FROM sync_run") == [("backfill", note, "done")]
    assert rebuild(f"sqlite:///{site.folder / 'again.db'}").is_equal


def test_a_night_before_ignores_what_was_imported_and_the_night_after_finds_nothing_new(site, past):
    tonight = site.emulator.refreshed_on
    site.sync()
    assert {row[0] for row in site.warehouse_rows()} == {str(tonight)}
    snapshot = site.query("SELECT * FROM detail_snapshot")

    backfill(site, *past)

    assert site.query("SELECT * FROM detail_snapshot") == snapshot
    sent = len(site.patches())
    served = len(site.emulator.journal())
    summary = site.sync()
    assert (summary.outcome, summary.plan.observed_on) == (Outcome.NOTHING_NEW, tonight)
    assert len(site.patches()) == sent
    asked = {entry.operation: entry.status for entry in site.emulator.journal()[served:]}
    assert (asked[f"GET {DETAIL}"], asked[f"GET {PLATFORMS}"]) == (304, 304)  # the counts report shows our PATCHes


def test_a_preview_sends_and_writes_nothing(site, past):
    name, [summary] = backfill(site, *past, dry_run=True)
    assert (name, summary.outcome) == ("Previewed", Outcome.PREVIEWED)
    assert [day.verdict for day in summary.days] == [DayVerdict.WOULD_CHANGE] * 4
    assert site.patches() == []
    assert site.warehouse_rows() == set()
    assert site.query("SELECT * FROM sync_run") == []


def test_a_backfill_that_graph_refused_is_gone_on_with_by_starting_it_again(site, past):
    site.configure(write_back={"batch_size": 1, "in_flight": 1})
    site.emulator.will_answer(PATCH, Fault(403))
    name, [failed] = backfill(site, *past)
    assert (name, failed.outcome) == ("Failed", Outcome.FAILED)
    assert site.query("SELECT outcome FROM sync_run") == [("failed",)]

    name, [summary] = backfill(site, *past)

    assert [day.verdict for day in summary.days] == [DayVerdict.NOTHING_TO_DO] * 4
    assert (name, summary.delivery.pending) == ("Completed", 0)
    assert {row for row in site.graph_rows() if row[0] <= str(past[1])} == site.warehouse_rows()


def test_a_held_date_stops_its_tenant_with_the_digest_in_the_message_and_no_other_tenant(tmp_path, warehouse_url):
    with open_site(tmp_path, warehouse_url, Scenario(tenants=2, users=60)) as site:
        first = site.emulator.refreshed_on
        for tenant in site.emulator.tenants:
            import_files(site, download_by_hand(site, 1, tenant.name), tenant.name)
        [cut, *_] = download_by_hand(site, 1, reports=[Report.USER_DETAIL])
        cut.write_bytes(b"".join(cut.read_bytes().splitlines(keepends=True)[:10]))
        import_files(site, [cut])

        name, [held, other] = backfill(site, first, first + timedelta(days=2))

        assert name == "Held"
        assert (held.outcome, other.outcome) == (Outcome.HELD, Outcome.DONE)
        assert [day.verdict for day in held.days] == [DayVerdict.APPLIED, DayVerdict.HELD]
        assert f"--approve {held.days[1].digest[:12]}" in held.error
        name, [approved, _] = backfill(site, first, first + timedelta(days=2), approve=held.days[1].digest[:12])
        assert [day.verdict for day in approved.days] == [DayVerdict.NOTHING_TO_DO, DayVerdict.APPLIED]


@pytest.mark.parametrize("mistake", [{"reason": "  "}, {"end": date(2020, 1, 1)}, {"tenants": ["nobody"]}])
def test_a_mistake_in_the_form_stops_before_anything_is_done(site, mistake):
    from flows.backfill import backfill as flow

    form = {"start": date(2026, 1, 1), "end": date(2026, 1, 2), "reason": REASON} | mistake
    assert flow(**form, return_state=True).is_failed()
    assert site.query("SELECT * FROM sync_run") == []


def test_the_form_of_the_dashboard_has_dates_a_required_reason_and_a_list_of_tenants():
    from flows.backfill import backfill as flow

    schema = flow.parameters.model_dump()
    assert schema["required"] == ["start", "end", "reason"]
    assert [schema["properties"][name]["format"] for name in ("start", "end")] == ["date", "date"]
    assert "ledger" in schema["properties"]["reason"]["description"]
    assert {"items": {"type": "string"}, "type": "array"} in schema["properties"]["tenants"]["anyOf"]


def test_runs_are_named_by_tenant_and_window(site, past):
    from flows.backfill import backfill as flow

    state = flow(*past, REASON, [site.tenant.name], dry_run=True, return_state=True)
    from prefect import get_client

    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert run.name == f"backfill {site.tenant.name} {past[0]}..{past[1]}"
