"""How long a call waits, and when it stops waiting."""

import pytest

from activation_sync.graph.waits import Patience, Waits


def waits(naps: list[float], jitter: float = 1.0, **patience: float) -> Waits:
    return Waits(Patience(**patience), naps.append, lambda: jitter)


def test_a_wait_is_as_long_as_asked(naps):
    pause = waits(naps).begin()
    assert pause.wait(7.0)
    assert pause.wait(0.5)
    assert naps == [7.0, 0.5]


def test_without_a_figure_waits_double_up_to_the_longest(naps):
    pause = waits(naps, budget_s=1000).begin()
    assert all(pause.wait(None) for _ in range(6))
    assert naps == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_jitter_at_most_halves_a_wait(naps):
    waits(naps, jitter=0.0).begin().wait(None)
    assert naps == [1.0]


@pytest.mark.parametrize(("asked", "expected"), [(30.0, True), (30.1, False)])
def test_a_wait_longer_than_a_worker_should_sleep_is_declined_at_once(naps, asked, expected):
    assert waits(naps).begin().wait(asked) is expected
    assert naps == ([asked] if expected else [])


def test_a_call_may_wait_no_longer_than_its_budget_in_all(naps):
    pause = waits(naps, budget_s=50).begin()
    assert [pause.wait(20), pause.wait(20), pause.wait(20), pause.wait(10)] == [True, True, False, True]


def test_each_call_has_a_budget_of_its_own_and_the_sum_is_kept(naps):
    of_client = waits(naps, budget_s=20)
    assert of_client.begin().wait(20)
    assert of_client.begin().wait(20)
    assert of_client.throttled_s == 40
