from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, KeyState, Measure, PlanInputs
from activation_sync.core.rule.correct import MAX_COUNT, choose_row, correct_row, corrected_words, refuse_bad_correction
from activation_sync.core.rule.decide import change_of, settle_key
from activation_sync.errors import ChoiceError
from tests.support.effects import applied, delivered
from tests.support.key_states import states

DAY, EARLIER = date(2026, 11, 19), date(2026, 11, 12)
VISIO, PROJECT = "VISIO PRO", "PROJECT ONLINE"
HOLD = ConflictPolicy.HOLD
ASSIGNED = {Measure.ASSIGNED: 9}
corrections = st.dictionaries(st.sampled_from(Measure), st.sampled_from([0, 1, 2, MAX_COUNT]), min_size=1)


def settled(product: str = VISIO, on: date = DAY) -> KeyState:
    """All sides say the same, and Graph holds it."""
    known = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), Counts(5, 3, 1))
    return KeyState(Key(on, product), product, is_published=True, **known)


def inputs(*known: KeyState) -> PlanInputs:
    newest = max((state.key.refreshed_on for state in known), default=None)
    return PlanInputs("contoso", known, newest_reconciled_on=newest)


def by_measure(counts: Counts) -> dict[Measure, int | None]:
    return dict(zip(Measure, counts, strict=True))


@given(states, corrections, st.sampled_from(ConflictPolicy))
def test_the_named_measures_say_what_the_person_said_and_the_others_what_the_rule_says(state, values, policy):
    change = correct_row(state, values, policy)

    others = by_measure(settle_key(state, change.decisions))
    assert by_measure(change.settled) == others | values
    assert all(by_measure_decision(change)[name] is Decision.ADOPT for name in values)


def by_measure_decision(change):
    return dict(zip(Measure, change.decisions, strict=True))


@given(states, corrections, st.integers(0, 3))
def test_a_value_that_the_report_does_not_share_is_never_moved_unasked_however_the_report_moves(
    state, values, restated
):
    after = applied(correct_row(state, values, HOLD))

    found = change_of(replace(after, observed=Counts(restated, restated, restated)), HOLD)

    now, seen = by_measure(after.warehouse if found is None else found.settled), by_measure(after.observed_seen)
    assert all(now[name] == value for name, value in values.items() if value != seen[name])


@given(states, corrections)
def test_once_it_is_delivered_the_next_night_leaves_the_row_alone(state, values):
    change = correct_row(replace(state, is_published=True, refused=None), values, HOLD)

    after = delivered(change)

    if not change.is_conflict:
        assert change_of(after, HOLD) is None


def test_a_correction_is_written_and_sent_and_says_before_and_after():
    change = correct_row(settled(), ASSIGNED, HOLD)

    assert (change.settled, change.is_written, change.is_pushed) == (Counts(9, 3, 1), True, True)
    assert corrected_words(change, ASSIGNED) == f"VISIO PRO of {DAY} is corrected: assigned 5 -> 9."


def apart() -> KeyState:
    """Assigned and activated are in conflict."""
    return replace(settled(), observed=Counts(7, 4, 1), warehouse=Counts(8, 6, 1))


def test_a_third_value_decides_the_conflict_on_its_measure_and_leaves_the_other_open():
    change = correct_row(apart(), ASSIGNED, HOLD)

    assert change.decisions == (Decision.ADOPT, Decision.CONFLICT, Decision.KEEP)
    assert (change.settled, change.is_pushed) == (Counts(9, 6, 1), False)
    after = applied(change)
    assert (after.agreed, after.observed_seen) == (Counts(9, 3, 1), Counts(7, 3, 1))
    assert "Still in conflict, so nothing of the row is sent: activated; decide it with `resolve`" in corrected_words(
        change, ASSIGNED
    )


def test_a_correction_to_what_the_report_says_does_not_stand_in_the_way_of_the_next_report():
    after = applied(correct_row(replace(settled(), warehouse=Counts(8, 3, 1)), {Measure.ASSIGNED: 5}, HOLD))

    change = change_of(replace(after, observed=Counts(6, 3, 1)), HOLD)

    assert change.decisions[0] is Decision.PULL


@pytest.mark.parametrize(
    ("values", "reason", "says"),
    [
        ({}, "audit", "say which number to correct: --assigned, --activated or --shared"),
        ({Measure.ASSIGNED: -1}, "audit", "assigned cannot be -1: a count is 0 to"),
        ({Measure.ACTIVATED: MAX_COUNT + 1}, "audit", "activated cannot be 9,223,372,036,854,775,808"),
        (ASSIGNED, "  ", "a correction needs a reason"),
        (ASSIGNED, "x" * 201, "the reason has 201 characters; the ledger keeps 200"),
    ],
)
def test_what_is_no_correction_is_refused_with_what_is_wrong(values, reason, says):
    with pytest.raises(ChoiceError, match=says):
        refuse_bad_correction(values, reason)


def test_the_row_is_of_the_newest_date_unless_another_is_named():
    known = inputs(settled(), settled(on=EARLIER))

    assert choose_row(known, VISIO).key.refreshed_on == DAY
    assert choose_row(known, VISIO, EARLIER).key.refreshed_on == EARLIER


@pytest.mark.parametrize(
    ("product", "on", "says"),
    [
        ("VISO", None, f"VISO of contoso has no row of {DAY}; there are: VISIO PRO"),
        (PROJECT, None, f"its newest row is of {EARLIER}: choose with --date {EARLIER}"),
        ("VISO", date(2026, 1, 1), f"that date has no row at all; the newest refresh date is {DAY}"),
    ],
)
def test_a_row_that_does_not_exist_is_refused_with_those_that_do(product, on, says):
    with pytest.raises(ChoiceError, match=says):
        choose_row(inputs(settled(), settled(PROJECT, EARLIER)), product, on)


def test_an_empty_warehouse_has_nothing_to_correct():
    with pytest.raises(ChoiceError, match="the warehouse has no count of contoso; first: activation-sync sync contoso"):
        choose_row(inputs(), VISIO)
