"""Waiting because Graph asks: as long as it asks, never as a retry, and never longer than a worker should sleep."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

FIRST_BACKOFF_S = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may wait, in seconds: in one go, and in all. What is longer is for the task to wait out."""

    longest_wait_s: float = 30.0
    budget_s: float = 120.0


class Waits:
    """All waits of one client, over all its threads.

    throttled_s: seconds waited in sum; with several threads it may exceed the time that passed.
    """

    def __init__(
        self,
        patience: Patience,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.patience = patience
        self.throttled_s = 0.0
        self._sleep = sleep
        self._jitter = jitter
        self._lock = Lock()

    def begin(self) -> "Pause":
        """The waits of one call, with a budget of their own."""
        return Pause(self)

    def is_bearable(self, asked_s: float | None) -> bool:
        """True when a wait is short enough to be slept in a worker."""
        return asked_s is None or asked_s <= self.patience.longest_wait_s

    def backoff_s(self, times: int) -> float:
        """How long to wait when Graph does not say: doubling, with jitter so that threads do not come back together."""
        return min(self.patience.longest_wait_s, FIRST_BACKOFF_S * 2.0**times) * (0.5 + 0.5 * self._jitter())

    def wait(self, seconds: float) -> None:
        self._sleep(seconds)
        with self._lock:
            self.throttled_s += seconds


class Pause:
    """What one call has waited so far."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._waited_s = 0.0
        self._times = 0

    def wait(self, asked_s: float | None) -> bool:
        """Wait as long as asked (None: back off), and say True; say False at once when that is too long."""
        seconds = self._waits.backoff_s(self._times) if asked_s is None else asked_s
        if not self._waits.is_bearable(seconds) or self._waited_s + seconds > self._waits.patience.budget_s:
            return False
        self._waits.wait(seconds)
        self._waited_s += seconds
        self._times += 1
        return True
