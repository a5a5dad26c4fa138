"""`activation-sync report`: one page that shows adoption, drift and runs; and month-end counts for a billing audit."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from activation_sync.core.pages.bi_rows import MonthEndCount
    from config.settings import TenantSettings

PAGE = Path("activation-report.html")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def report(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help=f"The HTML page [default: {PAGE}, unless a file is asked for]")
    ] = None,
    csv: Annotated[Path | None, typer.Option(dir_okay=False, help="Month-end counts as a CSV file.")] = None,
    parquet: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Month-end counts as a Parquet file (needs pyarrow).")
    ] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only this month's end in these files.")] = None,
    names: Annotated[bool, typer.Option("--names", help="List the users who never activated, by name.")] = False,
) -> None:
    """Write one self-contained page: adoption trend, licences not used, drift, restatements and run health."""
    from commands.support.choosing import chosen_tenants, exit_of_choice

    _refuse_odd_options(month, is_file_asked_for=bool(csv or parquet))
    tenants = chosen_tenants(tenant)
    if csv or parquet:
        _write_month_ends(tenants, csv, parquet, month)
    if out or not (csv or parquet):
        _write_page(tenants, out or PAGE, names)
    raise typer.Exit(exit_of_choice(tenant))


def _refuse_odd_options(month: str | None, is_file_asked_for: bool) -> None:
    if month and not MONTH.fullmatch(month):
        raise typer.BadParameter(f"{month!r} is not a month; write it as 2026-11", param_hint="--month")
    if month and not is_file_asked_for:
        raise typer.BadParameter("is for --csv and --parquet; the page shows the newest 90 dates", param_hint="--month")


def _write_page(tenants: "Sequence[TenantSettings]", path: Path, names: bool) -> None:
    from rich.markup import escape

    from activation_sync.warehouse.database.engine import reading
    from commands.report.page import render_page
    from commands.report.reading import read_history
    from commands.support.choosing import open_migrated_warehouse
    from commands.support.console import say
    from commands.support.typed import say_typed
    from tasks.wiring import now

    at = now()
    with reading(open_migrated_warehouse()) as connection:
        histories = [read_history(connection, one, at, names) for one in tenants]
    page = render_page(histories, at).encode()
    _keep(path, page, is_private=names)
    empty = [history.tenant for history in histories if history.is_empty]
    say(f"Wrote {escape(str(path))} ({len(page) / 1000:,.0f} kB): open it in any browser.")
    if empty:
        say_typed(f"Nothing is in the warehouse yet for {', '.join(empty)}; first:", "sync")


def _write_month_ends(
    tenants: "Sequence[TenantSettings]", csv: Path | None, parquet: Path | None, month: str | None
) -> None:
    from rich.markup import escape

    from activation_sync.core.pages.bi_rows import MonthEndCount
    from activation_sync.core.pages.billing import month_end_csv
    from commands.report.parquet import parquet_bytes
    from commands.support.console import say

    rows = _read_month_ends(tenants, month)
    if csv:
        _keep(csv, month_end_csv(rows).encode("utf-8-sig"))  # the mark tells spreadsheets that it is UTF-8
    if parquet:
        _keep(parquet, parquet_bytes(MonthEndCount, rows))
    months = sorted({row.month for row in rows})
    span = f"{months[0]} to {months[-1]}" if months else "none in the warehouse"
    for path in filter(None, (csv, parquet)):
        say(f"Wrote {escape(str(path))}: {len(rows):,} month-end counts, {span}.")


def _read_month_ends(tenants: "Sequence[TenantSettings]", month: str | None) -> "list[MonthEndCount]":
    from activation_sync.warehouse.database.engine import reading
    from activation_sync.warehouse.runs.views import read_month_ends
    from commands.support.choosing import open_migrated_warehouse

    with reading(open_migrated_warehouse()) as connection:
        return [row for one in tenants for row in read_month_ends(connection, one.name, month)]


def _keep(path: Path, content: bytes, is_private: bool = False) -> None:
    """Write a file; one with names in it is its owner's alone."""
    from activation_sync.errors import ConfigError

    try:
        if is_private:
            path.touch(mode=0o600)
            path.chmod(0o600)
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError([f"cannot write {path}: {error.strerror}; name another file"]) from None
