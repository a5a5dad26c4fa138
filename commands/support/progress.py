"""A progress bar on standard error, fed by the log lines of our own steps."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from commands.support.console import err


class _Bars(logging.Handler):
    """One bar a tenant; a line that says how far a step is carries `progress`."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        reached = getattr(record, "progress", None)
        if reached is None:
            return
        tenant, total = reached["tenant"], reached["total"]
        if tenant not in self._bars:
            self._bars[tenant] = self._progress.add_task(tenant, total=total)
        self._progress.update(self._bars[tenant], completed=reached["done"])


@contextmanager
def showing_progress() -> Iterator[None]:
    """Bars while the block lasts, where standard error is a terminal; elsewhere nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    logger = logging.getLogger("prefect.task_runs")
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        bars = _Bars(progress)
        logger.addHandler(bars)
        try:
            yield
        finally:
            logger.removeHandler(bars)
