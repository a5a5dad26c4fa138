"""What commands print: results on standard output, progress and errors on standard error."""

import dataclasses
import json
import logging
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

from activation_sync.core.plain_text import plain_lines
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ActivationSyncError, ConfigError
from commands.support.tables import table_lines

out = Console(emoji=False)  # ":smile:" in a product's name is text
err = Console(stderr=True, emoji=False)

PREFECT_QUIET = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the command prints its own messages
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLIENT_MAX_RETRIES": "6",  # 2, 4, 8 ... s: two minutes for its own SQLite, which is "locked" in bursts
}

OF_ANOTHER_PREFECT = (  # the server that the user works with, and what to say to it
    "PREFECT_API_URL",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_PROFILE",
    "PREFECT_PROFILES_PATH",
)


def quieten_prefect() -> None:
    """Set Prefect's environment before it is first imported; what the user has set stays."""
    for name, value in PREFECT_QUIET.items():
        os.environ.setdefault(name, value)


def use_own_prefect(home: Path) -> None:
    """Keep this process's runs in `home`, whatever Prefect server the user works with otherwise."""
    os.environ["PREFECT_HOME"] = str(home)
    for name in OF_ANOTHER_PREFECT:
        os.environ.pop(name, None)


class _StepLines(logging.Handler):
    """Prints the log lines of our own steps; Prefect's own lines stay in the dashboard."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "is_step_line", False):  # as `tasks/log.py` marks them
            err.print(f"  [dim]{escape(plain_lines(record.getMessage()))}[/dim]", highlight=False)


def show_steps() -> None:
    """Print each step's line as it happens."""
    logger = logging.getLogger("prefect.task_runs")
    if not any(isinstance(handler, _StepLines) for handler in logger.handlers):
        logger.addHandler(_StepLines(logging.INFO))


def say(text: str, *, is_copied: bool = False) -> None:
    """A line for a person. is_copied: what may be copied from the terminal is not broken to fit it."""
    out.print(plain_lines(text), highlight=False, soft_wrap=is_copied or not out.is_terminal)


def say_error(text: str) -> None:
    err.print(
        f"[bold red]error:[/bold red] {escape(plain_lines(text))}", highlight=False, soft_wrap=not err.is_terminal
    )


def say_failure(error: ActivationSyncError) -> None:
    """Why a command ended; for a configuration, each mistake on a line of its own."""
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        say_error("\n  ".join([f"{len(error.problems)} mistakes in the configuration:", *error.problems]))
    else:
        say_error(str(error))


def print_json(value: Any) -> None:
    """Machine form of any value of ours: dataclasses as objects, dates in ISO form."""
    out.print_json(json.dumps(value, default=_plain), ensure_ascii=True)


def print_json_line(value: Any) -> None:
    """One line, at once: for a script that reads while the command goes on."""
    print(json.dumps(value, default=_plain), flush=True)  # noqa: T201  rich would wrap it


def _plain(value: Any) -> Any:
    if isinstance(value, RunSummary):
        return value.facts
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return value.isoformat() if isinstance(value, date) else str(value)


def print_table(title: str, rows: Sequence[Mapping[str, str]], numeric: Collection[str] = ()) -> None:
    """A table as wide as the screen is now; what does not fit beside the other columns stands below its row."""
    screen = Console(emoji=False)  # `out` keeps the width that COLUMNS had when it was made
    head, *lines = table_lines(rows, numeric, screen.width)
    rule = ("-" if screen.options.ascii_only else "\u2500") * max(map(cell_len, head.splitlines()))
    if title:
        screen.print(f"[bold]{escape(title)}[/bold]", highlight=False, soft_wrap=not screen.is_terminal)
    screen.print(f"[dim]{escape(head)}\n{rule}[/dim]", highlight=False, soft_wrap=True)
    screen.print(escape("\n".join(lines)) + "\n", highlight=False, soft_wrap=True)
