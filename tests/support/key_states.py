"""Hypothesis strategies for what may be known of keys."""

from datetime import date, timedelta

from hypothesis import strategies as st

from activation_sync.core.model import ConflictPolicy, Counts, Key, KeyState

# few small values, so that sides often agree; and the largest, because a float would round it
values = st.sampled_from([None, 0, 1, 2, 2**63 - 1])
counts = st.builds(Counts, values, values, values)
policies = st.sampled_from(ConflictPolicy)
keys = st.builds(
    Key,
    st.integers(0, 3).map(lambda days: date(2026, 11, 18) + timedelta(days)),
    st.sampled_from(["MICROSOFT 365 APPS FOR ENTERPRISE", "PROJECT ONLINE DESKTOP CLIENT", "VISIO PRO FOR OFFICE 365"]),
)
states = st.builds(
    KeyState,
    key=keys,
    product_type=st.just("Microsoft 365 Apps for enterprise"),
    observed=counts,
    warehouse=counts,
    published=counts,
    agreed=counts,
    observed_seen=counts,
    acknowledged=counts,
    published_seen=counts,
    is_published=st.booleans(),
    in_doubt=st.booleans(),
    refused=st.none() | counts,
    refused_published=counts,
)
worlds = st.lists(states, max_size=12, unique_by=lambda state: state.key).map(tuple)
