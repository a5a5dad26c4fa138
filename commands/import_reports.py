"""`activation-sync import`: reports downloaded by hand become part of what can be backfilled."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from activation_sync.core.model import Report
    from tasks.acts.imports import ImportedReport


class FileResult(NamedTuple):
    """What became of one file. verdict: imported, known or refused; reason: why it was refused."""

    file: str
    verdict: str
    report: "Report | None" = None
    refreshed_on: date | None = None
    rows: int | None = None
    reason: str = ""


def import_reports(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSON of the activation reports, as downloaded.")],
    tenant: Annotated[str | None, typer.Option(help="Name of the tenant; needed when there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as JSON.")] = False,
) -> None:
    """Land reports that were downloaded by hand (Graph, admin centre), so that `backfill` can replay them.

    Which report a file is, and of which refresh date, is read from its content. A bad file is refused whole.
    """
    from commands.support.choosing import only_tenant, open_migrated_warehouse
    from commands.support.console import print_json
    from commands.support.exits import Exit
    from commands.support.typed import say_typed

    chosen = only_tenant(tenant).name
    open_migrated_warehouse()
    lines = []
    for line in _import(chosen, files):
        lines.append(line)
        if not as_json:
            _say(line)
    if as_json:
        print_json([line._asdict() for line in lines])
    elif any(line.verdict == "imported" for line in lines):
        first, last = _dates(lines)
        window = ("--from", str(first), "--to", str(last), "--reason", "imported reports")
        say_typed("Next:", "backfill", "--tenant", chosen, *window, "--dry-run")
    raise typer.Exit(Exit.FAILED if any(line.verdict == "refused" for line in lines) else Exit.DONE)


def _import(tenant: str, files: "Iterable[Path]") -> "Iterator[FileResult]":
    """One file after another, each under the tenant's lease, so that a nightly run waits for one file at most."""
    from activation_sync.errors import LandingError, ReportFormatError
    from commands.support.console import err
    from tasks.acts.imports import import_report
    from tasks.run import hold_tenant

    for file in files:
        with (
            err.status(f"{tenant}: {file.name}"),
            hold_tenant(tenant, f"import of {file.name}", say=err.print) as lease,
        ):
            try:
                line = _result(file, import_report(tenant, file, lease))
            except (ReportFormatError, LandingError) as error:
                line = FileResult(str(file), "refused", reason=str(error))
        yield line


def _result(file: Path, imported: "ImportedReport") -> FileResult:
    verdict = "known" if imported.is_known else "imported"
    return FileResult(str(file), verdict, imported.report, imported.refreshed_on, imported.rows)


def _say(line: FileResult) -> None:
    from rich.markup import escape

    from commands.support.console import say

    signs = {"imported": "[green]imported[/green]", "known": "[dim]known   [/dim]", "refused": "[red]refused [/red]"}
    say(f"{signs[line.verdict]} {escape(line.file)}: {escape(_words(line))}")


def _words(line: FileResult) -> str:
    from activation_sync.core.phrases import rows_words

    what = f"{line.report} of {line.refreshed_on}"
    if line.verdict == "known":
        return f"{what}: these bytes have landed before; nothing to do"
    return line.reason or f"{what}, {rows_words(line.rows or 0)}"


def _dates(lines: list[FileResult]) -> tuple[date, date]:
    dates = [line.refreshed_on for line in lines if line.verdict == "imported" and line.refreshed_on]
    return min(dates), max(dates)
