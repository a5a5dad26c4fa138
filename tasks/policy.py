"""When a step is tried again, and after how long.

One layer retries: this one. The Graph client obeys short `Retry-After` waits by itself; a longer one comes here as
`GraphBusyError(retry_after_s)` and reschedules the task. Such a wait never burns one of the step's own retries. Where
several tenants share a run, it ends the tenant's turn instead, so that the others need not wait with it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, SupportsIndex, TypedDict, TypeVar
from uuid import UUID

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from activation_sync.errors import GraphBusyError, LandingBusyError, TransientError, WarehouseBusyError
from config.settings import settings_in_use

T = TypeVar("T")
MOST_TRIES = 50  # of one task run, waits that Graph asked for included
_is_putting_off: ContextVar[bool] = ContextVar("is_putting_off", default=False)  # goes with the tasks to their threads


class _Tries(threading.local):
    """Of the task run that this thread works on: its own failures so far, and the wait before its next try.

    A task run stays in one thread from its first try to its last, and none of ours runs inside another.
    """

    task_run_id: UUID | None = None
    failures: int = 0
    delay_s: float = 0.0

    def begin(self, task_run_id: UUID) -> None:
        """Forget the task run before this one; nothing when it is still the same."""
        if self.task_run_id != task_run_id:
            self.task_run_id, self.failures = task_run_id, 0


class _SettledDelays(list[float]):
    """The delay that `unless_hopeless` settled on, which Prefect asks for next, in the same thread."""

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        return _tries.delay_s if isinstance(index, int) else super().__getitem__(index)


_tries = _Tries()


def unless_hopeless(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001  Prefect's call
    """Try again after a transient error: as long as Graph asked, else as configured; never after any other error."""
    error = state.data
    if not isinstance(error, TransientError) or is_put_off(error):
        return False
    if isinstance(error, GraphBusyError) and error.retry_after_s is not None:
        _tries.delay_s = error.retry_after_s
        return True
    _tries.begin(task_run.id)
    delays_s = settings_in_use().sync.retry_delays_s
    if _tries.failures >= len(delays_s):
        return False
    _tries.delay_s = delays_s[_tries.failures]
    _tries.failures += 1
    return True


@contextmanager
def putting_off() -> Iterator[None]:
    """Here, a step for which Graph asks for a long wait fails at once: others can use the time."""
    before = _is_putting_off.set(True)
    try:
        yield
    finally:
        _is_putting_off.reset(before)


def shares_its_run() -> bool:
    """True where several tenants share a run."""
    return _is_putting_off.get()


def is_put_off(error: BaseException) -> bool:
    """True when an error only means that its tenant is to come again later, in a run where others come first."""
    longest_wait_s = settings_in_use().graph.longest_wait_s
    asked_s = error.retry_after_s if isinstance(error, GraphBusyError) else None
    return _is_putting_off.get() and asked_s is not None and asked_s > longest_wait_s


def patiently(step: Callable[[], T]) -> T:
    """What stands outside of any task, tried again after each configured delay while warehouse or landing is busy."""
    for delay_s in settings_in_use().sync.retry_delays_s:
        try:
            return step()
        except (WarehouseBusyError, LandingBusyError):
            time.sleep(delay_s)
    return step()


class _Step(TypedDict):
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any
    persist_result: bool


# Results are not persisted: the warehouse, not Prefect's memory, says what is still to do.
STEP = _Step(
    retries=MOST_TRIES,
    retry_delay_seconds=_SettledDelays([0.0]),
    retry_condition_fn=unless_hopeless,
    persist_result=False,
)
