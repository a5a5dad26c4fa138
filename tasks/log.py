"""The log of a run: Prefect's, in which the lines of our own steps are marked, and what was expected is told once."""

import logging
from typing import TypeAlias

from prefect import get_run_logger
from prefect.exceptions import FailedRun, MissingResult

from activation_sync.core.runs.nights import run_words
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ActivationSyncError
from tasks.policy import shares_its_run

RunLog: TypeAlias = "logging.Logger | logging.LoggerAdapter[logging.Logger]"
OF_STEPS, OF_RUNS = "prefect.task_runs", ("prefect.flow_runs", "prefect.engine")
EXPECTED = (ActivationSyncError, MissingResult, FailedRun)  # the last two: a run's end, when its last answer was lost


def step_log() -> RunLog:
    """The log of the step at work. Its records carry `is_step_line`; those that Prefect itself writes do not."""
    return get_run_logger(is_step_line=True)


def log_ended(summary: RunSummary) -> None:
    """The one line of a tenant in the log of a run that it shares with others."""
    level = logging.WARNING if summary.outcome.needs_someone else logging.INFO
    get_run_logger().log(level, "%s: %s: %s", summary.tenant, summary.outcome, run_words(summary))


def tell_once() -> None:
    """From now on, Prefect writes no traceback of an error of ours: the run's last line has its message.

    Asked again, nothing changes. An unexpected error keeps its traceback.
    """
    logging.getLogger(OF_STEPS).addFilter(is_news_of_step)
    for name in OF_RUNS:
        logging.getLogger(name).addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """False for the traceback of an error whose message the run's last line has."""
    return not (record.exc_info and isinstance(record.exc_info[1], EXPECTED))


def is_news_of_step(record: logging.LogRecord) -> bool:
    """False also for Prefect's last line of a step, and for what a step did where tenants share the run."""
    if record.getMessage().startswith("Finished in state"):  # the dashboard shows states
        return False
    is_deed = getattr(record, "is_step_line", False) and record.levelno <= logging.INFO
    return is_news(record) and not (is_deed and shares_its_run())
