"""How long a call waits, when it stops waiting, and whom it holds up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from activation_sync.errors import GraphBusyError
from activation_sync.graph.waits import Patience, Waits

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def waits(naps: list[float], jitter: float = 1.0, **seconds: float) -> Waits:
    return Waits(Patience(jitter=lambda: jitter, **seconds), naps.append)


def test_a_wait_is_as_long_as_asked(naps):
    pause = waits(naps).begin()
    assert pause.wait(7.0, NOW)
    assert pause.wait(0.5, NOW)
    assert naps == [7.0, 0.5]


def test_without_a_figure_waits_double_up_to_the_longest(naps):
    pause = waits(naps, budget_s=1000).begin()
    assert all(pause.wait(None, NOW) for _ in range(6))
    assert naps == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_jitter_at_most_halves_a_wait(naps):
    waits(naps, jitter=0.0).begin().wait(None, NOW)
    assert naps == [1.0]


@pytest.mark.parametrize(("asked", "expected"), [(30.0, True), (30.1, False)])
def test_a_wait_longer_than_a_worker_should_sleep_is_declined_at_once(naps, asked, expected):
    assert waits(naps).begin().wait(asked, NOW) is expected
    assert naps == ([asked] if expected else [])


def test_a_call_may_wait_no_longer_than_its_budget_in_all(naps):
    pause = waits(naps, budget_s=50).begin()
    assert [pause.wait(20, NOW), pause.wait(20, NOW), pause.wait(20, NOW), pause.wait(10, NOW)] == [
        True,
        True,
        False,
        True,
    ]


def test_each_call_has_a_budget_of_its_own_and_the_sum_is_kept(naps):
    of_client = waits(naps, budget_s=20)
    assert of_client.begin().wait(20, NOW)
    assert of_client.begin().wait(20, NOW)
    assert of_client.throttled_s == 40


def test_a_wait_holds_up_other_calls_of_its_kind_and_no_others():
    sleeping, wake = Event(), Event()

    def nap(seconds: float) -> None:
        sleeping.set()
        assert wake.wait(10)

    of_client = Waits(Patience(), nap)
    with ThreadPoolExecutor(2) as threads:
        throttled = threads.submit(of_client.begin("PATCH").wait, 7.0, NOW)
        assert sleeping.wait(10)
        of_client.begin("GET").before_sending(NOW)
        held_up = threads.submit(of_client.begin("PATCH").before_sending, NOW)
        assert not held_up.done()
        wake.set()
        held_up.result(10)
        assert throttled.result(10)
    assert of_client.throttled_s == 7.0


def test_while_a_long_wait_lasts_nothing_more_of_its_kind_is_sent(naps):
    of_client = waits(naps)
    assert not of_client.begin("PATCH").wait(600.0, NOW)
    with pytest.raises(GraphBusyError, match="540 s are left") as caught:
        of_client.begin("PATCH").before_sending(NOW + timedelta(seconds=60))
    assert caught.value.retry_after_s == 540.0
    of_client.begin("GET").before_sending(NOW)
    of_client.begin("PATCH").before_sending(NOW + timedelta(seconds=600))
    assert naps == []
