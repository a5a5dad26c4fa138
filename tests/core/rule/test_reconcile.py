from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.model import ConflictPolicy
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.reconcile import frame_of, reconcile, reconcile_frame
from tests.support.key_states import policies, states


@given(st.lists(states, max_size=40), policies)
def test_many_keys_at_once_are_settled_exactly_as_one_by_one(known, policy):
    one_by_one = [change for state in known if (change := change_of(state, policy))]

    assert reconcile(known, policy) == one_by_one


def test_a_frame_from_plain_rows_is_settled_as_one_from_states():
    """The cheap door, for callers that hold millions of rows and no values of ours."""
    rows = [(7, 4, 1, *(5, 4, 1) * 6, *[None] * 6, True, False), (*(5, 4, 1) * 7, *[None] * 6, True, False)]

    needed = reconcile_frame(frame_of(rows), ConflictPolicy.HOLD)

    assert list(needed.index) == [0]
    assert list(needed["settled.assigned"]) == [7]


def test_no_keys_need_nothing():
    assert reconcile([], ConflictPolicy.HOLD) == []
