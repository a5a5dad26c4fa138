"""Backfills as whole runs: imported dates reach warehouse and Graph, and the nights around them notice nothing."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from activation_sync.core.backfill import BackfillSummary, Verdict
from activation_sync.core.model import Report
from activation_sync.core.run import Outcome
from activation_sync.emulator import Fault, Scenario
from flows.endings import fared_in
from tasks.imports import import_report
from tasks.rebuild import rebuild
from tasks.run import hold_tenant
from tasks.wiring import open_graph
from tests.flows.faults import DETAIL, PLATFORMS
from tests.stage import PATCH, Stage, open_stage

REASON = "the job was not yet installed"


def download_by_hand(
    stage: Stage, days: int, tenant: str | None = None, reports: Sequence[Report] = tuple(Report)
) -> list[Path]:
    """What a person saved, day after day; then another day has come."""
    name, saved = tenant or stage.tenant.name, []
    for _ in range(days):
        with open_graph(name) as graph:
            for report in reports:
                saved.append(stage.folder / f"{name} {report} ({len(saved)}).csv")
                with graph.download(report) as download:
                    saved[-1].write_bytes(b"".join(download.chunks))
        stage.emulator.advance(days=1)
    return saved


def import_files(stage: Stage, files: Sequence[Path], tenant: str | None = None) -> None:
    name = tenant or stage.tenant.name
    with hold_tenant(name, "import") as lease:
        for file in files:
            import_report(name, file, lease)


def backfill(stage: Stage, start: date, end: date, **parameters: object) -> tuple[str, list[BackfillSummary]]:
    """The name of the state that the flow ended in, and what it says of each tenant."""
    from flows.backfill import backfill as flow

    state = flow(start, end, REASON, return_state=True, **parameters)
    return state.name, fared_in(state)


@pytest.fixture
def past(stage: Stage) -> tuple[date, date]:
    """Four dates downloaded by hand and imported, before the first night."""
    first = stage.emulator.refreshed_on
    import_files(stage, download_by_hand(stage, 4))
    return first, first + timedelta(days=3)


def test_imported_dates_reach_the_warehouse_and_graph_with_the_reason_in_the_ledger(stage, past):
    name, [summary] = backfill(stage, *past)

    assert (name, summary.outcome) == ("Completed", Outcome.DONE)
    assert [day.verdict for day in summary.days] == [Verdict.APPLIED] * 4
    assert summary.verification.confirmed == summary.delivery.acknowledged == len(stage.patches()) > 0
    dates = {str(past[0] + timedelta(days=number)) for number in range(4)}
    assert stage.warehouse_rows() == {row for row in stage.graph_rows() if row[0] in dates}
    note = f"backfill {past[0]}..{past[1]}: {REASON}"
    assert stage.query("SELECT DISTINCT note FROM ledger WHERE kind = 'decision'") == [(note,)]
    assert stage.query("SELECT kind, reason, outcome FROM sync_run") == [("backfill", note, "done")]
    assert rebuild(f"sqlite:///{stage.folder / 'again.db'}").is_equal


def test_a_night_before_ignores_what_was_imported_and_the_night_after_finds_nothing_new(stage, past):
    tonight = stage.emulator.refreshed_on
    stage.sync()
    assert {row[0] for row in stage.warehouse_rows()} == {str(tonight)}
    snapshot = stage.query("SELECT * FROM detail_snapshot")

    backfill(stage, *past)

    assert stage.query("SELECT * FROM detail_snapshot") == snapshot
    sent = len(stage.patches())
    served = len(stage.emulator.journal())
    summary = stage.sync()
    assert (summary.outcome, summary.refreshed_on) == (Outcome.NOTHING_NEW, tonight)
    assert len(stage.patches()) == sent
    asked = {entry.operation: entry.status for entry in stage.emulator.journal()[served:]}
    assert (asked[f"GET {DETAIL}"], asked[f"GET {PLATFORMS}"]) == (304, 304)  # the counts report shows our PATCHes


def test_a_preview_sends_and_writes_nothing(stage, past):
    name, [summary] = backfill(stage, *past, dry_run=True)
    assert (name, summary.outcome) == ("Previewed", Outcome.PREVIEWED)
    assert [day.verdict for day in summary.days] == [Verdict.WOULD_CHANGE] * 4
    assert stage.patches() == []
    assert stage.warehouse_rows() == set()
    assert stage.query("SELECT * FROM sync_run") == []


def test_a_backfill_that_graph_refused_is_gone_on_with_by_starting_it_again(stage, past):
    stage.configure(write_back={"batch_size": 1, "in_flight": 1})
    stage.emulator.will_answer(PATCH, Fault(403))
    name, [failed] = backfill(stage, *past)
    assert (name, failed.outcome) == ("Failed", Outcome.FAILED)
    assert stage.query("SELECT outcome FROM sync_run") == [("failed",)]

    name, [summary] = backfill(stage, *past)

    assert [day.verdict for day in summary.days] == [Verdict.NOTHING_TO_DO] * 4
    assert (name, summary.delivery.pending) == ("Completed", 0)
    assert {row for row in stage.graph_rows() if row[0] <= str(past[1])} == stage.warehouse_rows()


def test_a_held_date_stops_its_tenant_with_the_digest_in_the_message_and_no_other_tenant(tmp_path, warehouse_url):
    with open_stage(tmp_path, warehouse_url, Scenario(tenants=2, users=60)) as stage:
        first = stage.emulator.refreshed_on
        for tenant in stage.emulator.tenants:
            import_files(stage, download_by_hand(stage, 1, tenant.name), tenant.name)
        [cut, *_] = download_by_hand(stage, 1, reports=[Report.USER_DETAIL])
        cut.write_bytes(b"".join(cut.read_bytes().splitlines(keepends=True)[:10]))
        import_files(stage, [cut])

        name, [held, other] = backfill(stage, first, first + timedelta(days=2))

        assert name == "Held"
        assert (held.outcome, other.outcome) == (Outcome.HELD, Outcome.DONE)
        assert [day.verdict for day in held.days] == [Verdict.APPLIED, Verdict.HELD]
        assert f"--approve {held.days[1].digest[:12]}" in held.error
        name, [approved, _] = backfill(stage, first, first + timedelta(days=2), approve=held.days[1].digest[:12])
        assert [day.verdict for day in approved.days] == [Verdict.NOTHING_TO_DO, Verdict.APPLIED]


@pytest.mark.parametrize("mistake", [{"reason": "  "}, {"end": date(2020, 1, 1)}, {"tenants": ["nobody"]}])
def test_a_mistake_in_the_form_stops_before_anything_is_done(stage, mistake):
    from flows.backfill import backfill as flow

    form = {"start": date(2026, 1, 1), "end": date(2026, 1, 2), "reason": REASON} | mistake
    assert flow(**form, return_state=True).is_failed()
    assert stage.query("SELECT * FROM sync_run") == []


def test_the_form_of_the_dashboard_has_dates_a_required_reason_and_a_list_of_tenants():
    from flows.backfill import backfill as flow

    schema = flow.parameters.model_dump()
    assert schema["required"] == ["start", "end", "reason"]
    assert [schema["properties"][name]["format"] for name in ("start", "end")] == ["date", "date"]
    assert "ledger" in schema["properties"]["reason"]["description"]
    assert {"items": {"type": "string"}, "type": "array"} in schema["properties"]["tenants"]["anyOf"]


def test_runs_are_named_by_tenant_and_window(stage, past):
    from flows.backfill import backfill as flow

    state = flow(*past, REASON, [stage.tenant.name], dry_run=True, return_state=True)
    from prefect import get_client

    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert run.name == f"backfill {stage.tenant.name} {past[0]}..{past[1]}"
