from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.model import (
    ConflictPolicy,
    Counts,
    Decision,
    Key,
    KeyState,
    Limits,
    Measure,
    PlanInputs,
)
from activation_sync.core.rule.conflicts import (
    choose_conflict,
    choose_measures,
    conflict_digest,
    open_conflicts,
    refuse_moved_conflict,
    resolve_conflict,
    resolved_words,
)
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.plan import make_plan
from activation_sync.errors import ChoiceError, PlanMovedError
from tests.support.effects import applied
from tests.support.key_states import states

DAY, EARLIER = date(2026, 11, 19), date(2026, 11, 12)
VISIO, PROJECT = "VISIO PRO", "PROJECT ONLINE"
OBSERVED, WAREHOUSE = ConflictPolicy.OBSERVED, ConflictPolicy.WAREHOUSE
measures = st.sampled_from([None, *Measure])


def apart(product: str = VISIO, on: date = DAY) -> KeyState:
    """Assigned and activated moved apart; shared computers stand still."""
    return KeyState(
        Key(on, product),
        product,
        observed=Counts(7, 4, 1),
        warehouse=Counts(9, 6, 1),
        published=Counts(5, 3, 1),
        agreed=Counts(5, 3, 1),
        observed_seen=Counts(5, 3, 1),
        is_published=True,
    )


def plan_of(*known: KeyState):
    return make_plan(PlanInputs("contoso", known), Limits())


def conflict(state: KeyState):
    return change_of(state, ConflictPolicy.HOLD)


def test_an_open_conflict_shows_every_side_of_each_measure_and_since_when():
    began = datetime(2026, 11, 20, tzinfo=UTC)

    (found,) = open_conflicts(plan_of(apart()), {(Key(DAY, VISIO), Measure.ASSIGNED): began})

    assert (found.tenant, found.refreshed_on, found.product) == ("contoso", DAY, VISIO)
    assert [(s.measure, s.agreed, s.observed, s.warehouse, s.published, s.since) for s in found.measures] == [
        (Measure.ASSIGNED, 5, 7, 9, 5, began),
        (Measure.ACTIVATED, 3, 4, 6, 3, None),
    ]


@pytest.mark.parametrize(
    ("side", "settled", "decision"),
    [
        pytest.param(OBSERVED, Counts(7, 4, 1), Decision.PULL, id="the usage data's"),
        pytest.param(WAREHOUSE, Counts(9, 6, 1), Decision.ADOPT, id="the table's"),
    ],
)
def test_a_side_taken_is_settled_written_and_pushed(side, settled, decision):
    change = resolve_conflict(conflict(apart()), side, tuple(Measure))

    assert change.settled == settled
    assert change.decisions == (decision, decision, Decision.KEEP)
    assert (change.is_pushed, change.is_written) == (True, side is OBSERVED)


def test_a_measure_left_open_stays_as_it_was_and_keeps_the_row_from_graph():
    change = resolve_conflict(conflict(apart()), OBSERVED, (Measure.ASSIGNED,))

    assert change.settled == Counts(7, 6, 1)
    assert (change.is_conflict, change.is_pushed) == (True, False)
    after = applied(change)
    assert (after.agreed, after.observed_seen) == (Counts(7, 3, 1), Counts(7, 3, 1))
    assert "Still in conflict, so nothing of the row is sent: activated." in resolved_words(change)


@given(states, st.sampled_from([OBSERVED, WAREHOUSE]), measures)
def test_what_a_person_decided_is_not_asked_again(state, side, measure):
    held = conflict(state)
    if held is None or not held.is_conflict:
        return
    decided = [
        m for m, d in zip(Measure, held.decisions, strict=True) if d is Decision.CONFLICT and measure in (None, m)
    ]

    again = conflict(applied(resolve_conflict(held, side, decided)))

    still = [m for m, d in zip(Measure, again.decisions if again else (), strict=False) if d is Decision.CONFLICT]
    assert not set(still) & set(decided)


def test_the_only_date_in_conflict_needs_no_name():
    assert choose_conflict(plan_of(apart(), apart(PROJECT)), VISIO).key == Key(DAY, VISIO)


@pytest.mark.parametrize(
    ("product", "on", "message"),
    [
        pytest.param(VISIO, None, "on 2 dates: choose with --date 2026-11-12|2026-11-19", id="several dates"),
        pytest.param(PROJECT, EARLIER, r"PROJECT ONLINE of 2026-11-12 .* in conflict: VISIO PRO", id="another date"),
        pytest.param("WORD", None, r"WORD of contoso is not in conflict; in conflict: ", id="another product"),
    ],
)
def test_a_choice_that_is_open_or_mistaken_is_refused_with_the_choices(product, on, message):
    with pytest.raises(ChoiceError, match=message):
        choose_conflict(plan_of(apart(), apart(on=EARLIER), apart(PROJECT)), product, on)


def test_without_any_conflict_there_is_nothing_to_choose():
    with pytest.raises(ChoiceError, match="nothing is"):
        choose_conflict(plan_of(), VISIO)


def test_a_measure_that_is_not_in_conflict_cannot_be_decided():
    assert choose_measures(conflict(apart()), Measure.ACTIVATED) == (Measure.ACTIVATED,)
    with pytest.raises(ChoiceError, match="assigned, activated is"):
        choose_measures(conflict(apart()), Measure.SHARED_COMPUTER_ACTIVATION)


@pytest.mark.parametrize("side", ["agreed", "observed_seen", "observed", "warehouse"])
def test_a_conflict_is_known_by_its_digest_until_a_side_moves(side):
    shown = conflict_digest(conflict(apart()))
    refuse_moved_conflict(conflict(apart()), shown)

    with pytest.raises(PlanMovedError, match="nothing was written"):
        refuse_moved_conflict(conflict(replace(apart(), **{side: Counts(8, 5, 1)})), shown)


@pytest.mark.parametrize("chars", [0, 12, 63])
def test_half_a_digest_shows_nothing(chars):
    with pytest.raises(ChoiceError, match="not the whole digest"):
        refuse_moved_conflict(conflict(apart()), conflict_digest(conflict(apart()))[:chars])
