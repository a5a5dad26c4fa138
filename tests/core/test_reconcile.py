from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.decide import change_of
from activation_sync.core.reconcile import reconcile
from tests.core.worlds import policies, states


@given(st.lists(states, max_size=40), policies)
def test_many_keys_at_once_are_settled_exactly_as_one_by_one(known, policy):
    one_by_one = [change for state in known if (change := change_of(state, policy))]

    assert reconcile(known, policy) == one_by_one
