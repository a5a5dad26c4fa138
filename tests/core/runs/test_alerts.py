"""People are told of a trouble when it begins, when it grows and when it is over, and of nothing twice."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.runs.alerts import Alert, alerts, troubles_after
from activation_sync.core.runs.condition import Trouble
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.summary import PlanView, RunSummary

PLAN = PlanView("contoso", observed_on=date(2026, 11, 19))
DONE = RunSummary(PLAN, "run", date(2026, 11, 21), Outcome.DONE)
HELD = replace(DONE, outcome=Outcome.HELD, error="held before any write: 3 of 4 rows would change. Approve ...")
FAILED = replace(DONE, outcome=Outcome.FAILED, error="the token endpoint refused us; make a new client secret")
QUARANTINED = replace(DONE, outcome=Outcome.QUARANTINED, error="it failed on several nights, so it is left out")
NOT_OFFERED = replace(DONE, outcome=Outcome.NOT_OFFERED, delivery=Delivery(pending=7, is_offered=False))
STALE = replace(DONE, is_stale=True)


def conflicts(count: int) -> RunSummary:
    return replace(DONE, outcome=Outcome.UNSETTLED, plan=replace(PLAN, conflicts=count))


def dead(count: int) -> RunSummary:
    return replace(DONE, outcome=Outcome.UNSETTLED, dead_letters=count)


def told(*runs: RunSummary, kind: RunKind = RunKind.SYNC) -> list[list[Alert]]:
    """What each of these runs, one after another, gives people to know."""
    before: dict[str, int] = {}
    found = []
    for run in runs:
        after = troubles_after(before, run, kind)
        found.append(list(alerts(before, after, run)))
        before = after
    return found


def events(*runs: RunSummary, kind: RunKind = RunKind.SYNC) -> list[list[str]]:
    return [[alert.event.removeprefix("activation-sync.") for alert in night] for night in told(*runs, kind=kind)]


@pytest.mark.parametrize(
    ("run", "event"),
    [
        (HELD, "held"),
        (FAILED, "failed"),
        (conflicts(1), "conflict"),
        (dead(1), "dead-letter"),
        (STALE, "stale-report"),
        (NOT_OFFERED, "write-back-not-offered"),
        (QUARANTINED, "quarantined"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_condition_is_told_when_it_begins_and_when_it_is_over_and_not_in_between(run: RunSummary, event: str):
    assert events(DONE, run, run, run, DONE, DONE) == [[], [event], [], [], [f"{event}.over"], []]


@pytest.mark.parametrize("runs", [conflicts, dead])
def test_more_of_what_can_be_counted_is_told_again_and_less_is_not(runs):
    [kind] = events(runs(1))[0]

    assert events(runs(2), runs(3), runs(1), runs(1), runs(2)) == [[kind], [kind], [], [], [kind]]


@pytest.mark.parametrize("run", [HELD, FAILED])
def test_a_run_that_did_not_come_far_cannot_say_that_anything_is_over(run: RunSummary):
    [_, then, after, _] = events(conflicts(2), run, conflicts(2), DONE)

    assert [event for event in then if "conflict" in event] == []
    assert "conflict" not in after


def test_a_failed_night_between_two_held_ones_does_not_tell_of_the_hold_again():
    assert events(HELD, FAILED, HELD, DONE) == [["held"], ["failed"], ["failed.over"], ["held.over"]]


def test_quarantine_begins_once_outlasts_the_failed_weekly_attempt_and_ends_with_the_failure():
    nights = events(FAILED, QUARANTINED, QUARANTINED, FAILED, QUARANTINED, DONE)

    assert nights == [["failed"], ["quarantined"], [], [], [], ["failed.over", "quarantined.over"]]


def test_a_backfill_tells_where_it_stopped_and_leaves_the_rest_to_the_night():
    open_ends = replace(HELD, plan=replace(PLAN, conflicts=2), dead_letters=1)

    assert events(open_ends, conflicts(3), kind=RunKind.BACKFILL) == [["held"], ["held.over"]]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (HELD, "3 of 4 rows would change"),
        (FAILED, "make a new client secret."),
        (conflicts(1_234), "1,234 rows in conflict"),
        (conflicts(3), "`activation-sync conflicts contoso`"),
        (dead(1), "1 update refused by Graph for good"),
        (dead(3), "`retry`"),
        (STALE, "of 2026-11-19, 2 days old"),
        (NOT_OFFERED, "7 updates wait in the outbox"),
        (QUARANTINED, "`activation-sync sync contoso`; a good run ends it"),
    ],
    ids=range(9),
)
def test_the_message_has_the_numbers_and_the_remedy(run: RunSummary, words: str):
    [[alert]] = told(run)

    assert words in alert.message
    assert alert.title.startswith("contoso: ")


runs = st.builds(
    RunSummary,
    plan=st.builds(PlanView, tenant=st.just("contoso"), digest=st.just("d1"), conflicts=st.integers(0, 3)),
    run_id=st.just("run"),
    as_of=st.just(DONE.as_of),
    outcome=st.sampled_from(Outcome),
    dead_letters=st.integers(0, 3),
    is_stale=st.booleans(),
    delivery=st.builds(Delivery, is_offered=st.booleans()),
)


@given(st.lists(runs, max_size=8))
def test_what_was_told_always_says_what_is_amiss_now(nights: list[RunSummary]):
    """An automation that only listens knows of each trouble whether it lasts."""
    before: dict[str, int] = {}
    heard: set[str] = set()
    for run in nights:
        after = troubles_after(before, run)
        for alert in alerts(before, after, run):
            (heard.add if alert.number else heard.discard)(alert.trouble)
        assert heard == set(after)
        before = after
    assert heard <= set(Trouble)


@given(st.lists(runs, max_size=4), runs)
def test_a_repeated_run_has_nothing_more_to_tell(nights: list[RunSummary], run: RunSummary):
    assert told(*nights, run, run)[-1] == []


def test_a_run_that_was_put_off_saw_nothing_and_says_nothing():
    put_off = replace(DONE, outcome=Outcome.PUT_OFF, error="Graph asked us to wait")

    assert events(DONE, put_off, DONE) == [[], [], []]
    assert events(FAILED, put_off, FAILED, put_off, DONE) == [["failed"], [], [], [], ["failed.over"]]


def test_what_graph_or_a_report_wrote_is_shown_as_text():
    error = "Graph said <b>[click](https://evil.example)</b> `x` \u202e\x1b[31m"
    [[alert]] = told(replace(FAILED, error=error))
    assert not set("<>[]`*|\x1b\u202e") & set(alert.message)
    assert "https://" not in alert.message
