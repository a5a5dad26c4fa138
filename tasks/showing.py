"""Showing things in the dashboard: what was done stays done, whether they are taken or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.log import step_log


@contextmanager
def showing(what: str) -> Iterator[None]:
    """In this block something is shown. Should that fail, for whatever reason, the log says so and the run goes on."""
    try:
        yield
    except Exception as error:
        step_log().warning("%s is not shown in the dashboard (%s)", what, type(error).__name__)
