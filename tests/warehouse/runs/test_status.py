"""Runs are remembered, and a tenant's status counts what a person must know."""

from datetime import timedelta

import pytest

from activation_sync.core.model import PlatformRow, Report
from activation_sync.core.rule.delivery import Answer, AnswerKind, Delivery
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.delivery.consequences import record_answer
from activation_sync.warehouse.delivery.outbox import mark_in_doubt, read_pending
from activation_sync.warehouse.reports.loading import load_counts, load_platforms
from activation_sync.warehouse.reports.manifest import record_landed, record_rejected
from activation_sync.warehouse.runs.runs import read_last_run, read_runs, record_run, record_run_started
from activation_sync.warehouse.runs.status import WarehouseStatus, read_status
from tests.support.rows import APPS, AT, DAY, VISIO, change, count_row, landed, plan, stamp

SUMMARY = RunSummary(
    plan=PlanView("contoso", "d1", DAY, decisions={"pull": 3, "conflict": 1}, findings=("a finding",), kept=4),
    run_id="run-1",
    as_of=DAY + timedelta(days=2),
    outcome=Outcome.UNSETTLED,
    delivery=Delivery(acknowledged=2, throttled_s=1.5),
)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def start(conn, run_id="run-1", minutes=0):
    record_run_started(conn, "contoso", SUMMARY.as_of, stamp(run_id, AT + timedelta(minutes=minutes)))


def test_a_run_is_remembered_from_start_to_end(conn):
    assert read_last_run(conn, "contoso") is None
    start(conn)
    running = read_last_run(conn, "contoso")
    assert (running.started_at, running.ended_at, running.outcome, running.summary) == (AT, None, None, None)
    record_run(conn, SUMMARY, at=AT + timedelta(minutes=3))
    ended = read_last_run(conn, "contoso")
    assert (ended.ended_at, ended.outcome, ended.summary) == (AT + timedelta(minutes=3), Outcome.UNSETTLED, SUMMARY)


def test_a_run_begun_again_has_not_ended(conn):
    start(conn)
    record_run(conn, SUMMARY, at=AT)
    start(conn, minutes=60)
    (run,) = read_runs(conn, "contoso", 10)
    assert (run.started_at, run.ended_at, run.summary) == (AT + timedelta(minutes=60), None, None)


def test_runs_are_read_newest_first_and_no_more_than_asked_for(conn):
    for minutes in range(3):
        start(conn, f"run-{minutes}", minutes)
    assert [run.run_id for run in read_runs(conn, "contoso", 2)] == ["run-2", "run-1"]
    assert read_runs(conn, "fabrikam", 2) == []


def test_an_empty_warehouse_has_a_status(conn):
    assert read_status(conn, "contoso", at=AT) == WarehouseStatus("contoso", None, None, 0, 0, 0, 0, 0, 0)


def test_a_status_counts_what_a_person_must_know(conn):
    start(conn, "long ago", minutes=-11)
    start(conn, "lately", minutes=-9)
    for hours in range(2):
        load_counts(conn, record_landed(conn, landed(content=str(hours), hours=hours)), [count_row()], AT)
        platforms = record_landed(conn, landed(Report.PLATFORM_COUNTS, str(hours), hours))
        load_platforms(conn, platforms, [PlatformRow(DAY, APPS, hours, 0, 0, 0, 0)], AT)
    record_rejected(conn, record_landed(conn, landed(Report.USER_DETAIL)).id, "cut short")
    apply_plan(conn, plan(change(), change(product=VISIO)), stamp("lately"))
    rows = read_pending(conn, "contoso")
    mark_in_doubt(conn, rows, stamp("run-1"))
    refused = next(row for row in rows if row.update.key.product == APPS)
    record_answer(conn, refused, Answer(AnswerKind.REFUSED, 400), stamp("lately"))
    status = read_status(conn, "contoso", at=AT)
    assert status.last_run.run_id == "lately"
    assert (status.newest_refreshed_on, status.runs_lately) == (DAY, 1)
    assert (status.pending, status.dead, status.in_doubt) == (1, 1, 1)
    assert (status.restated, status.rejected) == (1, 1)
