"""The flow's own code, in its own order, without Prefect's engine around it: a run then costs a third of a second.

Nothing of ours is replaced. Tasks become their functions, mapping becomes a loop, artifacts go nowhere; a task that
meets a transient error is tried again at once, as often as told.
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

DASHBOARD = ("create_table_artifact", "create_markdown_artifact")
Notice = Callable[[str], None]


def run_directly(tenant: str, as_of: date, notice: Notice, tries: int = 1) -> RunSummary:
    """One run of the nightly flow; a run that is held or fails comes back as a summary too."""
    steps = _with_globals(sync_tenant, lambda value: _Step(value, notice, tries) if isinstance(value, Task) else value)
    with disable_run_logger():
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
        result = self._try(self.tries, _with_globals(self.task.fn, _unseen), arguments)
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


def _unseen(value: Any) -> Any:
    """Artifacts are for the dashboard, and no step reads them."""
    return _nowhere if getattr(value, "__name__", "") in DASHBOARD else value


def _nowhere(**_: Any) -> None:
    return None


def _with_globals(function: Callable[..., Any], instead: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same code, for which some global names stand for something else."""
    names = {name: instead(value) for name, value in function.__globals__.items()}
    return FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
