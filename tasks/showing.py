"""The one door to the dashboard's pages: what was done stays done, whether they are taken or not.

Text is shown as it is: whatever it holds, it becomes no list, link or HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from prefect import runtime
from prefect.artifacts import create_markdown_artifact, create_progress_artifact

from activation_sync.core.pages.markdown import markdown_list, markdown_table, markdown_text
from tasks.log import step_log

NOTHING = "Nothing to show."
_is_closed: ContextVar[bool] = ContextVar("is_closed", default=False)


def show_table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """Show rows of numbers and short words under this key; shown again, they are a new version of it.

    As a page: the dashboard cuts the cells of its own tables, and one of its editions reads them as Markdown.
    """
    show_page(key, markdown_table(rows) or NOTHING, description)


def show_list(key: str, rows: Sequence[Mapping[str, str]], description: str) -> None:
    """Show rows that hold sentences: the dashboard wraps these, and cuts what is too wide of a table."""
    show_page(key, markdown_list(rows) or NOTHING, description)


def show_page(key: str, markdown: str, description: str) -> None:
    """Show a page under this key; shown again, it is a new version of it. description: text, above the page."""
    if _is_open():
        with showing(key):
            create_markdown_artifact(markdown=markdown, key=key, description=markdown_text(description))


def show_progress(key: str, percent: float, description: str) -> None:
    """Show how far something came, from 0 to 100."""
    if _is_open():
        with showing(key):
            create_progress_artifact(progress=percent, key=key, description=markdown_text(description))


@contextmanager
def not_showing() -> Iterator[None]:
    """In this block nothing is shown."""
    before = _is_closed.set(True)
    try:
        yield
    finally:
        _is_closed.reset(before)


@contextmanager
def showing(what: str) -> Iterator[None]:
    """In this block something is shown. Should that fail, for whatever reason, the log says so and the run goes on."""
    try:
        yield
    except Exception as error:
        step_log().warning("%s is not shown in the dashboard (%s)", what, type(error).__name__)


def _is_open() -> bool:
    """False outside of any flow run, too: nobody looks there, and Prefect would start a server of its own for it."""
    return bool(runtime.flow_run.id) and not _is_closed.get()
