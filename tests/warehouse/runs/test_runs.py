"""A run is kept as flat facts, in the form that runs have always been kept in."""

import json
from datetime import UTC, date, datetime

import pytest

from activation_sync.core.model import Decision, Measure
from activation_sync.core.rule.delivery import Delivery, Verification
from activation_sync.core.rule.planned import PlannedChange, PlannedMeasure
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.runs.runs import SUMMARY, read_last_run, record_run, record_run_started
from tests.support.rows import AT, stamp

NIGHT = date(2026, 11, 21)
# What sync_run.summary holds of runs from before a summary held its plan.
UNSETTLED = (
    '{"tenant":"contoso","run_id":"r1","as_of":"2026-11-21","outcome":"unsettled","digest":"9f86d081884c7d65",'
    '"refreshed_on":"2026-11-19","decisions":{"pull":3,"conflict":1},"written":4,"pushed":5,"waiting":1,"conflicts":1,'
    '"dead_letters":2,"findings":[],"delivery":{"acknowledged":3,"dead":0,"superseded":0,"pending":2,'
    '"is_offered":true,"is_enabled":true,"throttled_s":1.5},"verification":{"confirmed":3,"different":0,'
    '"is_offered":true},"is_stale":false,"approved_by":"job","error":"","error_kind":"","put_off_until":null,'
    '"table":[{"refresh date":"2026-11-19","product":"VISIO"}],"troubles":{"conflict":1,"dead-letter":2}}'
)
PUT_OFF = (
    '{"tenant":"contoso","run_id":"r1","as_of":"2026-11-21","outcome":"put-off","digest":"","refreshed_on":null,'
    '"decisions":{},"written":0,"pushed":0,"waiting":0,"conflicts":0,"dead_letters":0,"findings":[],'
    '"delivery":{"acknowledged":0,"dead":0,"superseded":0,"pending":0,"is_offered":true,"is_enabled":true,'
    '"throttled_s":0.0},"verification":{"confirmed":0,"different":0,"is_offered":true},"is_stale":false,'
    '"approved_by":"","error":"Graph asked for 600 s","error_kind":"GraphBusyError",'
    '"put_off_until":"2026-11-21T02:00:00Z","table":[],"troubles":{}}'
)
READ = {
    UNSETTLED: RunSummary(
        plan=PlanView(
            "contoso",
            "9f86d081884c7d65",
            observed_on=date(2026, 11, 19),
            decisions={"pull": 3, "conflict": 1},
            written=4,
            pushed=5,
            waiting=1,
            conflicts=1,
            approved_by="job",
        ),
        run_id="r1",
        as_of=NIGHT,
        outcome=Outcome.UNSETTLED,
        dead_letters=2,
        delivery=Delivery(acknowledged=3, pending=2, throttled_s=1.5),
        verification=Verification(confirmed=3),
        troubles={"conflict": 1, "dead-letter": 2},
    ),
    PUT_OFF: RunSummary(
        plan=PlanView("contoso"),
        run_id="r1",
        as_of=NIGHT,
        outcome=Outcome.PUT_OFF,
        error="Graph asked for 600 s",
        error_kind="GraphBusyError",
        put_off_until=datetime(2026, 11, 21, 2, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize("kept", READ, ids=["unsettled", "put-off"])
def test_a_run_kept_by_an_earlier_version_is_read_as_it_was(kept: str):
    assert SUMMARY.validate_json(kept) == READ[kept]


@pytest.mark.parametrize("kept", READ, ids=["unsettled", "put-off"])
def test_a_run_is_kept_in_the_same_form_with_what_its_plan_knows_beside(kept: str):
    added = {
        "newest_reconciled_on": None,
        "kept": 0,
        "left_out": [],
        "waiting_past": 0,
        "waiting_past_on": [],
        "sending": "now",
        "is_write_back_on": True,
        "changes": [],
        "head": "",
    }
    before = {name: value for name, value in json.loads(kept).items() if name != "table"}  # which was text
    before["delivery"]["left_over"] = []

    assert json.loads(SUMMARY.dump_json(READ[kept])) == before | added


@pytest.mark.parametrize("outcome", list(Outcome))
def test_whatever_came_of_a_run_is_read_as_it_was_recorded(engine, outcome: Outcome):
    measure = PlannedMeasure(Measure.ASSIGNED, Decision.PULL, 1, 2, 3, 4, None, 6)
    change = PlannedChange(NIGHT, "VISIO", (measure,), is_written=True)
    decided = {"findings": ("a finding",), "decisions": {"pull": 1}, "approved_by": "job", "changes": (change,)}
    plan = PlanView("contoso", "d1", NIGHT, NIGHT, waiting=2, waiting_past=1, waiting_past_on=(NIGHT,), **decided)
    summary = RunSummary(plan, "r1", NIGHT, outcome, error="a reason", put_off_until=AT)
    with writing(engine) as conn:
        record_run_started(conn, "contoso", NIGHT, stamp("r1", AT))
        record_run(conn, summary, at=AT)

        run = read_last_run(conn, "contoso")

    assert (run.outcome, run.digest, run.summary) == (outcome, "d1", summary)
