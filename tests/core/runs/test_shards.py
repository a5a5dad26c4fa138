"""Every tenant gets its turn, whatever workers die; and no tenant takes others down with it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.runs.nights import LONGEST_PUT_OFF, MOST_PUT_OFFS
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.shards import MOST_LOSSES, SHARD_TENANTS, Dispatch, Progress, Watch

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
DONE, BEGUN = Progress(Outcome.DONE), Progress()
TENANTS = tuple("abcdefgh")


def put_off(until: datetime = SOON) -> Progress:
    return Progress(Outcome.PUT_OFF, until)


def test_tenants_are_split_into_shards_of_one_size_in_their_order():
    tenants = [f"tenant-{number}" for number in range(2 * SHARD_TENANTS + 1)]

    shards = Dispatch(tenants).due(NOW)

    assert [len(shard) for shard in shards] == [SHARD_TENANTS, SHARD_TENANTS, 1]
    assert [tenant for shard in shards for tenant in shard] == tenants


def test_a_shard_that_ends_well_leaves_nothing_to_do():
    dispatch = Dispatch(TENANTS)
    [shard] = dispatch.due(NOW)

    dispatch.ended(shard, dict.fromkeys(shard, DONE), NOW)

    assert (dispatch.is_over, dispatch.due(NOW), dispatch.lost) == (True, [], [])


def test_of_a_lost_worker_those_it_worked_on_come_again_apart_from_those_it_had_not_begun():
    dispatch = Dispatch(TENANTS)
    dispatch.due(NOW)

    dispatch.ended(TENANTS, {"a": DONE, "b": BEGUN, "c": BEGUN}, NOW)

    assert dispatch.due(NOW) == [("b", "c"), ("d", "e", "f", "g", "h")]


def test_whoever_loses_a_second_worker_comes_again_alone():
    dispatch = Dispatch(("b", "c"))
    for _ in range(2):
        dispatch.due(NOW)
        dispatch.ended(("b", "c"), {"b": BEGUN, "c": BEGUN}, NOW)

    assert dispatch.due(NOW) == [("b",), ("c",)]


def test_a_worker_that_dies_before_anybody_began_counts_for_all_or_it_would_never_end():
    dispatch = Dispatch(TENANTS)
    rounds = 0
    while not dispatch.is_over:
        rounds += 1
        for shard in dispatch.due(NOW):
            dispatch.ended(shard, {}, NOW)

    assert (rounds, sorted(dispatch.lost)) == (MOST_LOSSES, list(TENANTS))


def test_a_tenant_that_live_workers_cannot_begin_is_given_up_and_no_worker_counts_as_lost():
    """Its lease is held by somebody, or a worker has another configuration."""
    dispatch = Dispatch(("a", "b"))
    while not dispatch.is_over:
        for shard in dispatch.due(NOW):
            dispatch.ended(shard, {"a": DONE} if "a" in shard else {}, NOW, is_lost=False)

    assert (dispatch.never_begun, dispatch.lost) == (["b"], [])


@given(st.sets(st.sampled_from(TENANTS)), st.integers(min_value=1, max_value=4), st.data())
def test_only_those_that_bring_workers_down_are_given_up(deadly: set[str], at_once: int, data: st.DataObject):
    """A worker dies as soon as it works on one of them, some at once, in any order."""
    dispatch, done = Dispatch(TENANTS, size=5), set()
    while not dispatch.is_over:
        for shard in dispatch.due(NOW):
            progress, queue = {}, data.draw(st.permutations(shard))
            while queue and not deadly & set(progress):
                working, queue = queue[:at_once], queue[at_once:]
                is_hit = bool(deadly & set(working))
                progress |= dict.fromkeys(working, BEGUN if is_hit else DONE)
            done |= {tenant for tenant, one in progress.items() if one.outcome}
            dispatch.ended(shard, progress, NOW)

    assert (done, set(dispatch.lost)) == (set(TENANTS) - deadly, deadly)
    assert len(dispatch.lost) == len(deadly)


def test_who_was_put_off_comes_again_once_its_time_has_come_and_not_before():
    dispatch = Dispatch(("a", "b"))
    dispatch.due(NOW)
    dispatch.ended(("a", "b"), {"a": put_off(), "b": DONE}, NOW)

    assert (dispatch.due(NOW), dispatch.is_over) == ([], False)
    assert (dispatch.due(SOON), dispatch.is_over) == ([("a",)], True)


@pytest.mark.parametrize(
    ("until", "comes"),
    [pytest.param(NOW + LONGEST_PUT_OFF, True, id="an-hour"), pytest.param(NOW + timedelta(hours=2), False, id="two")],
)
def test_who_would_be_put_off_for_too_long_waits_for_the_next_night(until: datetime, comes: bool):
    dispatch = Dispatch(("a",))
    dispatch.due(NOW)
    dispatch.ended(("a",), {"a": put_off(until)}, NOW)

    assert dispatch.is_over is not comes


def test_nobody_is_put_off_for_ever():
    dispatch = Dispatch(("a",))
    turns = 0
    while shards := dispatch.due(SOON):
        turns += len(shards)
        dispatch.ended(("a",), {"a": put_off()}, NOW)

    assert turns == MOST_PUT_OFFS + 1
    assert dispatch.lost == []


def test_a_shard_is_dead_once_nothing_of_it_has_changed_for_so_many_looks():
    watch = Watch()
    for signs in ("pending", "running", "running", "running"):
        assert not watch.is_dead(3)
        watch = watch.look(signs)

    assert not watch.is_dead(3)
    assert watch.look("running").is_dead(3)
    assert not watch.look("renewed").is_dead(3)
