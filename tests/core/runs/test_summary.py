from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, KeyState, Limits, PlanInputs
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.rule.plan import make_plan
from activation_sync.core.rule.planned import Sending, planned_change, shown_changes
from activation_sync.core.rule.reasons import change_rows, decision_words, graph_words, why_words
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary, outcome_words
from tests.support.key_states import policies, worlds

HOLD, KEY = ConflictPolicy.HOLD, Key(date(2026, 11, 19), "VISIO")
CALM = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), Counts(210, 3, 1))

PLAN = PlanView("contoso", "a" * 64, date(2026, 11, 19))
PAST = tuple(date(2026, 10, day) for day in (1, 2, 3, 9))


def change(policy=HOLD, **known):
    return planned_change(change_of(KeyState(KEY, "Visio", **{**CALM, "is_published": True, **known}), policy))


def plan_rows(plan):
    return change_rows(shown_changes(plan, 200), Sending.NOW, True)


@pytest.mark.parametrize(
    ("decision", "sides", "expected"),
    [
        (Decision.PULL, (210, 210, 213, 210), "usage data moved 210 -> 213"),
        (Decision.PULL, (None, None, 213, None), "first seen in the usage data"),
        (Decision.PULL, (210, 210, 213, 220), "usage data moved 210 -> 213, over the warehouse's 220 by policy"),
        (Decision.ADOPT, (210, 210, 210, 220), "corrected in the warehouse 210 -> 220"),
        (Decision.ADOPT, (None, None, None, 220), "first seen in the warehouse"),
        (
            Decision.ADOPT,
            (210, 210, 213, 220),
            "corrected in the warehouse 210 -> 220, over the usage data's 213 by policy",
        ),
        (Decision.CONVERGE, (210, 210, 213, 213), "usage data and warehouse moved to the same value"),
        (Decision.CONFLICT, (210, 210, 213, 220), "conflict: usage data says 213, the warehouse 220; agreed was 210"),
        (Decision.CONFLICT, (None, None, 213, 220), "conflict: usage data says 213, the warehouse 220; agreed was -"),
        (Decision.KEEP, (210, 210, 210, None), "missing in the warehouse, restored"),
        (Decision.KEEP, (210, 210, 210, 210), "kept at 210"),
    ],
)
def test_every_decision_gives_its_reason(decision, sides, expected):
    assert decision_words(decision, *sides) == expected


@pytest.mark.parametrize(
    ("planned", "why", "graph"),
    [
        pytest.param(
            change(observed=Counts(213, 3, 1)),
            "assigned: usage data moved 210 -> 213",
            "sends: assigned 210 -> 213",
            id="pulled",
        ),
        pytest.param(
            change(warehouse=Counts(210, 4, 1)),
            "activated: corrected in the warehouse 3 -> 4",
            "sends: activated 3 -> 4",
            id="adopted",
        ),
        pytest.param(change(published=Counts(210, 2, 1)), "", "sends: activated 2 -> 3", id="Graph alone is behind"),
        pytest.param(change(in_doubt=True), "", "sends again: the last PATCH has no known answer", id="in doubt"),
        pytest.param(
            change(is_published=False, published=Counts()),
            "",
            "waits for the user counts report of 2026-11-19",
            id="waiting",
        ),
        pytest.param(change(warehouse=Counts()), "missing in the warehouse, restored", "has it already", id="restored"),
        pytest.param(
            change(observed=Counts(213, 3, 1), warehouse=Counts(220, 3, 1)),
            "assigned: conflict: usage data says 213, the warehouse 220; agreed was 210",
            "not sent until it is resolved",
            id="conflict",
        ),
        pytest.param(
            change(warehouse=Counts(220, 3, 1), refused=Counts(220, 3, 1), refused_published=Counts(210, 3, 1)),
            "assigned: corrected in the warehouse 210 -> 220",
            "refused before; sent again when it changes, or with `retry`",
            id="refused before",
        ),
    ],
)
def test_a_change_says_why_and_what_graph_is_told(planned, why, graph):
    assert (why_words(planned), graph_words(planned, Sending.NOW)) == (why, graph)


@pytest.mark.parametrize(
    ("sending", "is_on", "words"),
    [
        (Sending.NOW, True, "sends: assigned 210 -> 213"),
        (Sending.NEXT_SYNC, True, "the next sync sends: assigned 210 -> 213"),
        (Sending.WOULD, True, "would send: assigned 210 -> 213"),
        *((sending, False, "waits: write-back is off (assigned 210 -> 213)") for sending in Sending),
    ],
)
def test_nothing_says_sent_that_was_not(sending, is_on, words):
    assert graph_words(change(observed=Counts(213, 3, 1)), sending, is_on) == words


def test_a_row_in_doubt_waits_too_while_write_back_is_off():
    assert graph_words(change(in_doubt=True), Sending.NOW, False) == "waits: write-back is off"


def test_a_plan_is_a_table_of_text():
    moved = KeyState(KEY, "Visio", **{**CALM, "observed": Counts(213, 3, None)}, is_published=True)
    apart = KeyState(Key(KEY.refreshed_on, "APPS"), "Apps", observed=Counts(5, 1, 0), warehouse=Counts(6, 1, 0))

    assert plan_rows(make_plan(PlanInputs("contoso", (moved, apart)), Limits())) == [
        {
            "refresh date": "2026-11-19",
            "product": "APPS",
            "decision": "conflict, converge",
            "assigned": "6 or 5?",
            "activated": "1",
            "shared computers": "0",
            "why": "assigned: conflict: usage data says 5, the warehouse 6; agreed was -; "
            "activated, shared computers: usage data and warehouse moved to the same value",
            "Graph": "not sent until it is resolved",
        },
        {
            "refresh date": "2026-11-19",
            "product": "VISIO",
            "decision": "pull",
            "assigned": "210 -> 213",
            "activated": "3",
            "shared computers": "1",
            "why": "assigned: usage data moved 210 -> 213",
            "Graph": "sends: assigned 210 -> 213",
        },
    ]


@given(worlds, policies)
def test_whatever_is_planned_can_be_put_in_words(world, policy):
    plan = make_plan(PlanInputs("contoso", world), Limits(conflict_policy=policy))

    for row in plan_rows(plan):
        assert all(isinstance(cell, str) and cell for cell in row.values())
        assert "None" not in "".join(row.values())


def summary(outcome: Outcome, planned: PlanView = PLAN, **facts) -> RunSummary:
    return RunSummary(planned, "run-1", date(2026, 11, 21), outcome, **facts)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (
            summary(Outcome.DONE, replace(PLAN, written=1, pushed=2), delivery=Delivery(acknowledged=2)),
            "Wrote 1 row to the warehouse; 2 of 2 updates acknowledged by Graph.",
        ),
        (
            summary(Outcome.DONE, replace(PLAN, pushed=2), delivery=Delivery(pending=2, is_enabled=False)),
            "Wrote 0 rows to the warehouse; 0 of 2 updates acknowledged by Graph; "
            "2 updates pending: write-back is off (write_back.enabled = true turns it on).",
        ),
        (
            summary(Outcome.NOTHING_NEW, is_stale=True),
            "No new report: the newest is still that of 2026-11-19. The report is 2 days old: older than it should be.",
        ),
        (
            summary(Outcome.PREVIEWED, replace(PLAN, written=3, pushed=1, waiting=2, sending=Sending.WOULD)),
            "Would write 3 rows and send 1 update; nothing was written. "
            "2 rows wait for the user counts report of their date.",
        ),
        (
            summary(
                Outcome.PREVIEWED, replace(PLAN, written=3, pushed=1, sending=Sending.WOULD, is_write_back_on=False)
            ),
            "Would write 3 rows and queue 1 update: write-back is off (write_back.enabled = true turns it on); "
            "nothing was written.",
        ),
        (
            summary(Outcome.NOTHING_NEW, replace(PLAN, waiting=9, waiting_past=8, waiting_past_on=PAST)),
            "No new report: the newest is still that of 2026-11-19. "
            "1 row waits for the user counts report of their date. "
            "8 rows wait for the user counts report of 4 past dates 2026-10-01..2026-10-03, 2026-10-09, which Graph no "
            "longer serves: import the user counts reports of these 4 dates, or leave them.",
        ),
        (
            summary(Outcome.NOTHING_NEW, replace(PLAN, waiting=1, waiting_past=1, waiting_past_on=PAST[:1])),
            "No new report: the newest is still that of 2026-11-19. "
            "1 row waits for the user counts report of the past date 2026-10-01, which Graph no longer serves: "
            "import the user counts report of this date, or leave it.",
        ),
        (
            summary(Outcome.HELD, replace(PLAN, findings=("the report has no rows",))),
            "Held before any write: the report has no rows. Approve with --approve aaaaaaaaaaaa.",
        ),
        (
            summary(Outcome.UNSETTLED, replace(PLAN, written=1, conflicts=1), dead_letters=2),
            "Wrote 1 row to the warehouse; 0 of 0 updates acknowledged by Graph. "
            "1 conflict and 2 dead letters left open: see `resolve` or `retry`.",
        ),
        (
            summary(Outcome.NOT_OFFERED, replace(PLAN, written=3), delivery=Delivery(pending=3, is_offered=False)),
            "Wrote 3 rows to the warehouse. This Graph does not offer the write-back resource: "
            "pending in the outbox: 3 updates.",
        ),
        (summary(Outcome.FAILED, error="the database is read-only"), "Failed: the database is read-only"),
    ],
    ids=lambda value: str(value.outcome) if isinstance(value, RunSummary) else "",
)
def test_a_run_ends_in_a_sentence_or_two(ended, expected):
    assert outcome_words(ended) == expected


def test_every_outcome_has_its_words():
    assert all(outcome_words(summary(outcome)) for outcome in Outcome)
