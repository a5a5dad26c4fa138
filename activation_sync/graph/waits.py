"""Waiting because Graph asks: as long as it asks, never as a retry, and never longer than a worker should sleep."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition, Lock

from activation_sync.errors import GraphBusyError

FIRST_BACKOFF_S = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may wait, in seconds: in one go, and in all. What is longer is for the task to wait out.

    jitter: a number from 0 to 1, at random. It shortens waits of which Graph does not say how long they are.
    """

    longest_wait_s: float = 30.0
    budget_s: float = 120.0
    jitter: Callable[[], float] = random.random


class Gate:
    """The way for calls of one kind: a 429 to one thread is meant for all of them."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._sleepers = 0
        self._closed_until: datetime | None = None

    def pass_through(self, now: datetime) -> None:
        """Wait while another thread waits. Raises GraphBusyError while a wait lasts that was too long to sleep."""
        with self._changed:
            self._changed.wait_for(lambda: self._sleepers == 0)
            if self._closed_until and now < self._closed_until:
                left_s = (self._closed_until - now).total_seconds()
                raise GraphBusyError(f"Graph asked us to wait; {left_s:.0f} s are left, and nothing was sent.", left_s)

    def close_until(self, moment: datetime) -> None:
        with self._changed:
            self._closed_until = moment

    @contextmanager
    def closed(self) -> Iterator[None]:
        with self._changed:
            self._sleepers += 1
        try:
            yield
        finally:
            with self._changed:
                self._sleepers -= 1
                self._changed.notify_all()


class Waits:
    """All waits of one client, over all its threads.

    throttled_s: seconds waited in sum, each wait counted once, however many threads it held up.
    """

    def __init__(self, patience: Patience, sleep: Callable[[float], None]) -> None:
        self.patience = patience
        self.throttled_s = 0.0
        self._sleep = sleep
        self._lock = Lock()
        self._gates: defaultdict[str, Gate] = defaultdict(Gate)

    def begin(self, kind: str | None = None) -> "Pause":
        """The waits of one call, with a budget of their own. While it waits, other calls of its kind are held up."""
        with self._lock:
            return Pause(self, self._gates[kind] if kind else Gate())

    def is_bearable(self, asked_s: float | None) -> bool:
        """True when a wait is short enough to be slept in a worker."""
        return asked_s is None or asked_s <= self.patience.longest_wait_s

    def backoff_s(self, times: int) -> float:
        """How long to wait when Graph does not say: doubling, with jitter so that clients do not come back together."""
        return min(self.patience.longest_wait_s, FIRST_BACKOFF_S * 2.0**times) * (0.5 + 0.5 * self.patience.jitter())

    def wait(self, seconds: float) -> None:
        self._sleep(seconds)
        with self._lock:
            self.throttled_s += seconds


class Pause:
    """What one call has waited so far."""

    def __init__(self, waits: Waits, gate: Gate) -> None:
        self._waits = waits
        self._gate = gate
        self._waited_s = 0.0
        self._times = 0

    def before_sending(self, now: datetime) -> None:
        """Let a wait that Graph asked of another thread pass first. Raises GraphBusyError when it is a long one."""
        self._gate.pass_through(now)

    def wait(self, asked_s: float | None, now: datetime) -> bool:
        """Wait as long as asked (None: back off), and say True; say False at once when that is too long."""
        seconds = self._waits.backoff_s(self._times) if asked_s is None else asked_s
        if not self._waits.is_bearable(seconds):
            self._gate.close_until(now + timedelta(seconds=seconds))
            return False
        if self._waited_s + seconds > self._waits.patience.budget_s:
            return False
        with self._gate.closed():
            self._waits.wait(seconds)
        self._waited_s += seconds
        self._times += 1
        return True
