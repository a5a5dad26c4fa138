"""How the command speaks: results on standard output, progress and errors on standard error."""

import dataclasses
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console()
err = Console(stderr=True)

PREFECT_QUIET = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the command speaks for itself
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_CLIENT_MAX_RETRIES": "10",  # Prefect's own SQLite answers "locked" under bursts
}


def quieten_prefect() -> None:
    """Set Prefect's environment before it is first imported; what the user has set stays."""
    for name, value in PREFECT_QUIET.items():
        os.environ.setdefault(name, value)


def use_own_prefect(home: Path) -> None:
    """Keep this process's runs in `home`, whatever Prefect server the user works with otherwise."""
    os.environ["PREFECT_HOME"] = str(home)
    os.environ.pop("PREFECT_API_URL", None)


class _StepLines(logging.Handler):
    """Prints the log lines of our own steps; Prefect's own stay in the dashboard."""

    def emit(self, record: logging.LogRecord) -> None:
        if Path(record.pathname).parent.name == "tasks":
            err.print(f"  [dim]{escape(record.getMessage())}[/dim]", highlight=False)


def show_steps() -> None:
    """Print each step's line as it happens."""
    logger = logging.getLogger("prefect.task_runs")
    if not any(isinstance(handler, _StepLines) for handler in logger.handlers):
        logger.addHandler(_StepLines(logging.INFO))


def say(text: str) -> None:
    out.print(text, highlight=False)


def say_error(text: str) -> None:
    err.print(f"[bold red]error:[/bold red] {escape(text)}", highlight=False)


def print_json(value: Any) -> None:
    """Machine form of any value of ours: dataclasses as objects, dates in ISO form."""
    out.print_json(json.dumps(value, default=_plain))


def print_json_line(value: Any) -> None:
    """One line, at once: for a script that reads while the command goes on."""
    print(json.dumps(value, default=_plain), flush=True)  # noqa: T201  rich would wrap it


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)


def print_table(title: str, rows: Sequence[Mapping[str, str]], numeric: Iterable[str] = ()) -> None:
    """A table whose columns are the keys of its first row."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE_HEAD)
    for column in rows[0]:
        table.add_column(column, justify="right" if column in numeric else "left", no_wrap=column in numeric)
    for row in rows:
        table.add_row(*(escape(row[column]) for column in rows[0]))
    out.print(table)
