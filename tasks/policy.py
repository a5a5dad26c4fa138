"""When a step is tried again, and after how long.

One layer retries: this one. The Graph client obeys short `Retry-After` waits by itself; a longer one comes here as
`GraphBusyError(retry_after_s)` and reschedules the task. Such a wait never burns one of the step's own retries.
"""

import threading
from collections import Counter
from typing import Any, SupportsIndex, TypedDict
from uuid import UUID

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from activation_sync.errors import GraphBusyError, TransientError
from config.settings import load_settings

MOST_TRIES = 50  # of one task run, waits that Graph asked for included


class _AskedDelays(list[float]):
    """The delay that `unless_hopeless` settled on, which Prefect asks for next, in the same thread."""

    def __init__(self) -> None:
        super().__init__([0.0])
        self._asked = threading.local()

    def ask(self, delay_s: float) -> None:
        self._asked.delay_s = delay_s

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        return self._asked.delay_s if isinstance(index, int) else super().__getitem__(index)


_delays = _AskedDelays()
_own_failures: Counter[UUID] = Counter()


def unless_hopeless(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001  Prefect's call
    """Try again after a transient error: as long as Graph asked, else as configured; never after any other error."""
    error = state.data
    if not isinstance(error, TransientError):
        return False
    if isinstance(error, GraphBusyError) and error.retry_after_s is not None:
        _delays.ask(error.retry_after_s)
        return True
    delays_s = load_settings().sync.retry_delays_s
    tried = _own_failures[task_run.id]
    if tried >= len(delays_s):
        return False
    _own_failures[task_run.id] += 1
    _delays.ask(delays_s[tried])
    return True


class _Step(TypedDict):
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any
    persist_result: bool


# Results are not persisted: the warehouse, not Prefect's memory, says what is still to do.
STEP = _Step(retries=MOST_TRIES, retry_delay_seconds=_delays, retry_condition_fn=unless_hopeless, persist_result=False)
