from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, KeyState, Limits, Measure, PlanInputs
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.guards import TOO_MUCH_CHANGE
from activation_sync.core.rule.revert import Effect, LeaveReason, left_words, plan_revert
from tests.support.effects import applied

KEY = Key(date(2026, 11, 19), "VISIO PRO")
BEFORE, AFTER = Counts(5, 3, 1), Counts(7, 3, 1)
LIMITS = Limits()
PULLED = KeyState(
    KEY,
    "Visio Pro",
    observed=AFTER,
    warehouse=AFTER,
    published=AFTER,
    agreed=AFTER,
    observed_seen=AFTER,
    is_published=True,
)


def by_measure(counts: Counts):
    return dict(zip(Measure, counts, strict=True))


def undone(before: Counts = BEFORE, *, limits: Limits = LIMITS, **known):
    state = replace(PULLED, **known)
    effects = {KEY: Effect(by_measure(before), by_measure(AFTER))}
    return plan_revert(PlanInputs("contoso", (state,)), effects, limits)


def test_the_values_before_a_run_are_written_and_pushed():
    (change,) = undone().plan.changes

    assert (change.settled, change.is_written, change.is_pushed) == (BEFORE, True, True)
    assert change.decisions == (Decision.REVERT, Decision.KEEP, Decision.KEEP)


def test_what_was_seen_stays_seen_so_that_the_next_night_pulls_nothing():
    (change,) = undone().plan.changes
    after = applied(change)

    assert (after.agreed, after.observed_seen) == (BEFORE, AFTER)
    assert change_of(replace(after, published=BEFORE), ConflictPolicy.HOLD) is None


def test_usage_data_that_moves_on_asks_a_person_and_does_not_undo_the_revert():
    after = applied(undone().plan.changes[0])

    change = change_of(replace(after, observed=Counts(8, 3, 1)), ConflictPolicy.HOLD)

    assert (change.settled, change.decisions[0]) == (after.warehouse, Decision.CONFLICT)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({"warehouse": Counts(9, 3, 1)}, id="a person corrected the measure"),
        pytest.param({"warehouse": Counts(7, 4, 1)}, id="a person corrected another measure"),
        pytest.param({"warehouse": Counts(8, 3, 1), "agreed": Counts(8, 3, 1)}, id="a later run settled it otherwise"),
        pytest.param({"observed": Counts(8, 3, 1)}, id="the usage data moved and waits for a night"),
        pytest.param({"warehouse": Counts()}, id="somebody deleted it"),
    ],
)
def test_a_row_that_moved_since_is_named_and_left(known):
    found = undone(**known)

    assert (found.plan.changes, found.left) == ((), {KEY: LeaveReason.MOVED})


def test_a_row_that_the_run_created_is_named_and_left():
    found = undone(Counts())

    assert (found.plan.changes, found.left) == ((), {KEY: LeaveReason.CREATED})
    assert left_words(found.left) == [f"VISIO PRO, 2026-11-19: left as it is; {LeaveReason.CREATED}"]


def test_a_row_that_is_not_known_any_more_is_named_and_left():
    found = plan_revert(PlanInputs("contoso", ()), {KEY: Effect(by_measure(BEFORE), by_measure(AFTER))}, LIMITS)

    assert found.left == {KEY: LeaveReason.MOVED}


def test_a_measure_without_a_value_before_keeps_the_one_it_has():
    (change,) = undone(Counts(5, None, None)).plan.changes

    assert change.settled == BEFORE


def test_a_row_that_the_run_did_not_change_is_no_part_of_it():
    found = undone(AFTER)

    assert (found.plan.changes, found.left) == ((), {})


def test_a_measure_that_the_run_left_open_is_no_part_of_it():
    effects = {KEY: Effect({Measure.ASSIGNED: 5}, {Measure.ASSIGNED: 7})}

    (change,) = plan_revert(PlanInputs("contoso", (PULLED,)), effects, LIMITS).plan.changes

    assert change.settled == BEFORE


def test_the_guards_judge_a_revert_like_any_plan():
    found = undone(limits=Limits(few_users=0, max_change_share=0.1))

    assert {finding.guard for finding in found.plan.findings} == {TOO_MUCH_CHANGE}


def test_a_revert_is_reverted_by_the_same_rule():
    once = applied(undone().plan.changes[0])
    effects = {KEY: Effect(by_measure(AFTER), by_measure(BEFORE))}

    (change,) = plan_revert(PlanInputs("contoso", (once,)), effects, LIMITS).plan.changes

    assert change.settled == AFTER
    assert applied(change).observed_seen == AFTER
