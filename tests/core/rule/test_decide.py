from datetime import date

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, KeyState
from activation_sync.core.rule.decide import change_of, change_to, decide, memory_after, settle, under

HOLD = ConflictPolicy.HOLD
KEY = Key(date(2026, 11, 19), "VISIO PRO FOR OFFICE 365")


def settled(**known) -> KeyState:
    """A key at rest: everybody agrees on 5 assigned, 3 activated, 1 shared; then what the test changes."""
    calm = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), Counts(5, 3, 1))
    return KeyState(KEY, "Visio Pro for Office 365", **{**calm, "is_published": True, **known})


TABLE = [
    # agreed, observed_seen, observed, warehouse, decision, settled on
    pytest.param(5, 5, 5, 5, Decision.KEEP, 5, id="nothing moved"),
    pytest.param(5, 5, 7, 5, Decision.PULL, 7, id="usage data moved"),
    pytest.param(5, 5, 0, 5, Decision.PULL, 0, id="usage data fell to zero, which is a value"),
    pytest.param(5, 5, 5, 7, Decision.ADOPT, 7, id="corrected in the warehouse"),
    pytest.param(5, 5, 5, 0, Decision.ADOPT, 0, id="corrected to zero, which is a value"),
    pytest.param(5, 5, 7, 7, Decision.CONVERGE, 7, id="both moved to the same value"),
    pytest.param(5, 5, 7, 9, Decision.CONFLICT, 9, id="both moved apart"),
    pytest.param(7, 5, 5, 7, Decision.KEEP, 7, id="a correction outlives usage data that stands still"),
    pytest.param(
        7, 5, 6, 7, Decision.CONFLICT, 7, id="a correction stands, and the usage data moves on: a person decides"
    ),
    pytest.param(7, 5, 7, 7, Decision.CONVERGE, 7, id="usage data moves to what was corrected before"),
    pytest.param(7, 5, 6, 9, Decision.CONFLICT, 9, id="corrected again while the usage data moves on"),
    pytest.param(7, 5, 9, 9, Decision.CONVERGE, 9, id="corrected again, to what the usage data moves to"),
    pytest.param(
        7, 5, 7, 9, Decision.CONFLICT, 9, id="corrected again while the usage data moves to the correction before"
    ),
    pytest.param(7, 5, 6, None, Decision.CONFLICT, 7, id="a deleted correction stands all the same"),
    pytest.param(7, 5, 7, None, Decision.CONVERGE, 7, id="a deleted correction, and the usage data moves to it"),
    pytest.param(7, 5, 5, None, Decision.KEEP, 7, id="a deleted correction is restored"),
    pytest.param(7, 5, None, 7, Decision.KEEP, 7, id="a correction stands while the product is not reported"),
    pytest.param(5, 5, None, 5, Decision.KEEP, 5, id="not reported is not zero"),
    pytest.param(5, 5, None, 7, Decision.ADOPT, 7, id="corrected while not reported"),
    pytest.param(5, 5, 5, None, Decision.KEEP, 5, id="a deleted row is restored"),
    pytest.param(5, 5, 7, None, Decision.PULL, 7, id="a deleted row is restored with what usage data says now"),
    pytest.param(5, 5, None, None, Decision.KEEP, 5, id="a deleted row is restored though not reported"),
    pytest.param(5, None, 5, 5, Decision.CONVERGE, 5, id="reported for the first time after an adoption, and equal"),
    pytest.param(5, None, 7, 5, Decision.CONFLICT, 5, id="reported for the first time after an adoption, and apart"),
    pytest.param(5, None, 7, 9, Decision.CONFLICT, 9, id="reported for the first time while corrected"),
    pytest.param(None, None, 5, None, Decision.PULL, 5, id="first sight in usage data alone"),
    pytest.param(None, None, None, 5, Decision.ADOPT, 5, id="first sight in the warehouse alone"),
    pytest.param(None, None, 5, 5, Decision.CONVERGE, 5, id="first sight of two equal sides"),
    pytest.param(None, None, 5, 7, Decision.CONFLICT, 7, id="first sight of two sides apart"),
    pytest.param(None, 5, 5, None, Decision.PULL, 5, id="first sight counts even if usage data was seen before"),
    pytest.param(None, None, None, None, Decision.KEEP, None, id="nobody says anything"),
]


@pytest.mark.parametrize(("agreed", "seen", "observed", "warehouse", "decision", "value"), TABLE)
def test_a_measure_is_settled_as_the_table_says(agreed, seen, observed, warehouse, decision, value):
    assert decide(agreed, seen, observed, warehouse) is decision
    assert settle(decision, agreed, observed, warehouse) == value


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(ConflictPolicy.HOLD, Decision.CONFLICT, id="held for a person"),
        pytest.param(ConflictPolicy.WAREHOUSE, Decision.ADOPT, id="the warehouse wins"),
        pytest.param(ConflictPolicy.OBSERVED, Decision.PULL, id="usage data wins"),
    ],
)
def test_a_policy_speaks_only_where_there_is_a_conflict(policy, expected):
    assert under(policy, Decision.CONFLICT) is expected
    assert under(policy, Decision.PULL) is Decision.PULL


def test_a_key_at_rest_needs_nothing():
    assert change_of(settled(), HOLD) is None


def test_moved_usage_data_is_written_and_pushed():
    change = change_of(settled(observed=Counts(5, 4, 1)), HOLD)

    assert change.decisions == (Decision.KEEP, Decision.PULL, Decision.KEEP)
    assert (change.settled, change.is_written, change.is_pushed) == (Counts(5, 4, 1), True, True)


def test_a_correction_is_pushed_and_not_written_again():
    change = change_of(settled(warehouse=Counts(5, 4, 1)), HOLD)

    assert (change.settled, change.is_written, change.is_pushed) == (Counts(5, 4, 1), False, True)


def test_a_deleted_row_is_written_again_and_never_pushed_as_absence():
    change = change_of(settled(warehouse=Counts()), HOLD)

    assert (change.settled, change.is_written, change.is_pushed) == (Counts(5, 3, 1), True, False)


def test_one_measure_blanked_in_the_warehouse_is_restored():
    change = change_of(settled(warehouse=Counts(5, None, 1)), HOLD)

    assert (change.settled, change.is_written) == (Counts(5, 3, 1), True)


def test_one_held_measure_holds_the_whole_row():
    change = change_of(settled(observed=Counts(6, 4, 1), warehouse=Counts(5, 9, 1)), HOLD)

    assert change.decisions == (Decision.PULL, Decision.CONFLICT, Decision.KEEP)
    assert change.is_conflict
    assert (change.settled, change.is_written, change.is_pushed) == (Counts(5, 9, 1), False, False)


def test_a_conflict_in_doubt_is_still_held():
    change = change_of(settled(observed=Counts(5, 4, 1), warehouse=Counts(5, 9, 1), in_doubt=True), HOLD)

    assert change.is_conflict
    assert not change.is_pushed


@pytest.mark.parametrize(
    ("policy", "value"), [(ConflictPolicy.WAREHOUSE, 9), (ConflictPolicy.OBSERVED, 4)], ids=["warehouse", "observed"]
)
def test_a_policy_settles_a_conflict_so_that_it_is_no_longer_one(policy, value):
    change = change_of(settled(observed=Counts(5, 4, 1), warehouse=Counts(5, 9, 1)), policy)

    assert not change.is_conflict
    assert (change.settled, change.is_pushed) == (Counts(5, value, 1), True)


def test_a_change_that_only_moves_what_we_remember_is_still_a_change():
    moved = Counts(5, 4, 1)
    change = change_of(settled(observed=moved, warehouse=moved, published=moved), HOLD)

    assert change.decisions[1] is Decision.CONVERGE
    assert (change.is_written, change.is_pushed) == (False, False)


def test_an_acknowledged_value_stands_while_the_report_lags():
    lagging = settled(published=Counts(5, 2, 1), published_seen=Counts(5, 2, 1), acknowledged=Counts(5, 3, 1))

    assert change_of(lagging, HOLD) is None


def test_a_report_that_moves_to_another_value_is_answered_with_a_push():
    moved = settled(published=Counts(5, 1, 1), published_seen=Counts(5, 2, 1), acknowledged=Counts(5, 3, 1))
    change = change_of(moved, HOLD)

    assert (change.published, change.is_pushed) == (Counts(5, 1, 1), True)


def test_a_report_moves_measure_by_measure():
    moved = settled(published=Counts(6, 2, 1), published_seen=Counts(5, 2, 1), acknowledged=Counts(5, 3, 1))

    assert change_of(moved, HOLD).published == Counts(6, 3, 1)


def test_a_row_that_vanishes_from_a_landed_report_is_pushed_again():
    gone = settled(published=Counts(), published_seen=Counts(5, 3, 1), acknowledged=Counts(5, 3, 1))

    assert change_of(gone, HOLD).is_pushed


def test_what_graph_acknowledged_stands_when_no_report_of_that_date_has_landed():
    unseen = settled(
        published=Counts(), is_published=False, published_seen=Counts(5, 2, 1), acknowledged=Counts(5, 3, 1)
    )

    assert change_of(unseen, HOLD) is None


def test_a_row_in_doubt_is_pushed_though_graph_seems_to_hold_it():
    change = change_of(settled(in_doubt=True), HOLD)

    assert (change.settled, change.is_pushed, change.is_written) == (Counts(5, 3, 1), True, False)


def test_a_date_that_graph_has_not_published_waits_for_its_report():
    change = change_of(settled(published=Counts(), is_published=False), HOLD)

    assert (change.is_pushed, change.waits_for_report) == (False, True)


@pytest.mark.parametrize("known", [{"in_doubt": True}, {"acknowledged": Counts(5, 2, 1)}], ids=["in doubt", "told us"])
def test_a_date_we_have_pushed_before_does_not_wait_for_its_report(known):
    change = change_of(settled(published=Counts(), is_published=False, **known), HOLD)

    assert (change.is_pushed, change.waits_for_report) == (True, False)


DEAD = {"published": Counts(5, 2, 1), "refused": Counts(5, 3, 1), "refused_published": Counts(5, 2, 1)}


def test_a_dead_letter_is_not_offered_again_unchanged():
    assert change_of(settled(**DEAD), HOLD) is None


@pytest.mark.parametrize(
    "moved",
    [{"warehouse": Counts(5, 9, 1)}, {"published": Counts(5, 1, 1)}],
    ids=["its value changed", "the report moved"],
)
def test_a_dead_letter_is_offered_again_once_something_moved(moved):
    assert change_of(settled(**{**DEAD, **moved}), HOLD).is_pushed


def test_an_absent_measure_is_never_a_reason_to_push():
    silent = dict.fromkeys(("observed", "warehouse", "agreed", "observed_seen"), Counts(5, 3, None))

    assert change_of(settled(**silent), HOLD) is None


@pytest.mark.parametrize(
    ("decision", "agreed", "seen"),
    [
        pytest.param(Decision.PULL, 9, 7, id="settled, and seen"),
        pytest.param(Decision.CONFLICT, 5, 6, id="a conflict moves nothing"),
        pytest.param(Decision.REVERT, 9, 6, id="a revert keeps what was seen"),
    ],
)
def test_what_is_remembered_after_a_change(decision, agreed, seen):
    state = settled(observed=Counts(7, 7, 7), observed_seen=Counts(6, 6, 6), agreed=Counts(5, 5, 5))

    memory = memory_after(change_to(state, (decision,) * 3, Counts(9, 9, 9)))

    assert memory == (Counts(agreed, agreed, agreed), Counts(seen, seen, seen))
