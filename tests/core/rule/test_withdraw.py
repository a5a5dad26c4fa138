from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, KeyState, Limits, Measure, PlanInputs
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.withdraw import Before, Footprint, plan_withdrawal, sent_words, stays_words
from tests.support.effects import applied

KEY = Key(date(2026, 11, 19), "VISIO PRO")
FIRST, WRONG = Counts(5, 3, 1), Counts(9, 6, 2)
# what is known without the wrong report, which was pulled over the first one
PULLED = KeyState(
    KEY, "Visio Pro", observed=FIRST, warehouse=WRONG, published=FIRST, agreed=WRONG, observed_seen=WRONG,
    is_published=True,
)  # fmt: skip
NOTHING = Counts()


def withdrawn(before: Counts = FIRST, *, seen: Counts = FIRST, corrected: bool = False, pending=(), **known):
    state = replace(PULLED, **known)
    pairs = zip(Measure, before, seen, strict=True)
    stood = {measure: Before(value, was, corrected) for measure, value, was in pairs}
    return plan_withdrawal(PlanInputs("contoso", (state,)), Footprint({KEY: stood}), pending, Limits())


def test_the_values_before_and_what_was_seen_then_are_back_and_the_next_night_does_nothing():
    (change,) = withdrawn().plan.changes
    after = applied(change)

    assert (after.warehouse, after.agreed, after.observed_seen) == (FIRST, FIRST, FIRST)
    assert set(change.decisions) == {Decision.WITHDRAW}
    assert change_of(replace(after, observed=FIRST), ConflictPolicy.HOLD) is None


def test_what_graph_acknowledged_is_sent_again_with_the_values_before():
    found = withdrawn(acknowledged=WRONG, published_seen=FIRST)

    assert found.plan.changes[0].is_pushed
    assert found.sent == ()


def test_a_row_of_which_nothing_stood_before_leaves_and_is_never_sent_as_absence():
    found = withdrawn(NOTHING, seen=NOTHING, observed=NOTHING, published=NOTHING)

    (change,) = found.plan.changes
    assert (change.settled, change.is_written, change.is_pushed) == (NOTHING, True, False)
    assert (found.gone, found.sent) == ((KEY,), ())


@pytest.mark.parametrize("known", [{"acknowledged": WRONG}, {"in_doubt": True}])
def test_a_row_that_leaves_and_was_sent_is_named(known):
    found = withdrawn(NOTHING, seen=NOTHING, observed=NOTHING, published=NOTHING, **known)

    assert found.sent == (KEY,)
    assert "what was sent cannot be un-sent" in sent_words(found)[0]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({"corrected": True, "warehouse": Counts(9, 7, 2), "agreed": Counts(9, 7, 2)}, id="adopted"),
        pytest.param({"warehouse": Counts(9, 7, 2)}, id="not seen by any run yet"),
    ],
)
def test_a_persons_value_stays_is_named_and_meets_no_conflict(known):
    found = withdrawn(**known)

    after = applied(found.plan.changes[0])
    assert after.agreed.activated == 7
    assert Measure.ACTIVATED in found.stays[KEY]
    assert "stays as a person corrected it" in stays_words(found)[0]
    assert (
        change_of(replace(after, observed=FIRST, acknowledged=after.agreed, published_seen=FIRST), ConflictPolicy.HOLD)
        is None
    )


def test_a_correction_that_stood_before_the_report_stands_again_against_what_was_seen_then():
    (change,) = withdrawn(Counts(7, 3, 1)).plan.changes

    after = applied(change)
    assert (after.warehouse, after.observed_seen) == (Counts(7, 3, 1), FIRST)


def test_where_a_third_report_is_in_force_it_has_the_word():
    (change,) = withdrawn(observed=Counts(6, 3, 1)).plan.changes

    assert applied(change).agreed == applied(change).observed_seen == Counts(6, 3, 1)
