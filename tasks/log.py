"""The log of a run: Prefect's, in which the lines of our own steps are marked."""

import logging
from typing import TypeAlias

from prefect import get_run_logger

RunLog: TypeAlias = "logging.Logger | logging.LoggerAdapter[logging.Logger]"


def step_log() -> RunLog:
    """The log of the step at work. Its records carry `is_step_line`; those that Prefect itself writes do not."""
    return get_run_logger(is_step_line=True)
