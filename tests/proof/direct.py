"""The flow's own code, in its own order, without Prefect's engine around it: a run then costs a third of a second.

Nothing of ours is replaced. Tasks become their functions, mapping becomes a loop, nothing is shown in a dashboard; a
task that meets a transient error is tried again at once, as often as told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from types import FunctionType
from typing import Any

from prefect import Task, unmapped
from prefect.logging.loggers import disable_run_logger

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.errors import ActivationSyncError, HeldError, TransientError
from flows.sync import sync_tenant
from tasks.showing import not_showing

Notice = Callable[[str], None]


def run_directly(tenant: str, as_of: date, notice: Notice, tries: int = 1) -> RunSummary:
    """One run of the nightly flow; a run that is held or fails comes back as a summary too."""
    steps = _with_steps(lambda task: _Step(task, notice, tries))
    with disable_run_logger(), not_showing():
        try:
            summary: RunSummary = steps(tenant, as_of)
            return summary
        except ActivationSyncError as error:
            outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
            return RunSummary(PlanView(tenant), "", as_of, outcome, error=f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class _Done:
    """What mapped steps returned; they have all ended."""

    results: Sequence[Any]

    def wait(self) -> None:
        """Nothing is left to wait for."""

    def result(self) -> list[Any]:
        return list(self.results)


@dataclass(frozen=True, slots=True)
class _Step:
    """A task as its function, between two moments at which the run may die."""

    task: Task[..., Any]
    notice: Notice
    tries: int

    def __call__(self, *arguments: Any) -> Any:
        self.notice(f"before {self.task.name}")
        result = self._try(self.tries, self.task.fn, arguments)
        self.notice(f"after {self.task.name}")
        return result

    def map(self, items: Sequence[Any], *common: "unmapped[Any]") -> _Done:
        return _Done([self(item, *(each.value for each in common)) for item in items])

    def _try(self, tries: int, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        try:
            return function(*arguments)
        except TransientError:
            if tries == 1:
                raise
        return self._try(tries - 1, function, arguments)


def _with_steps(step: Callable[[Task[..., Any]], _Step]) -> Callable[..., RunSummary]:
    """The flow's own code, for which each task stands for its step."""
    names = {name: step(value) if isinstance(value, Task) else value for name, value in sync_tenant.__globals__.items()}
    return FunctionType(sync_tenant.__code__, names, sync_tenant.__name__, sync_tenant.__defaults__)
