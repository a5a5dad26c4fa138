"""`activation-sync demo`: three nights of the real job against an emulated Graph, and what they did."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from activation_sync.core.phrases import rows_words

if TYPE_CHECKING:
    from activation_sync.core.runs.summary import RunSummary
    from activation_sync.emulator import Emulator

TENANT = "contoso"


def demo(
    folder: Annotated[Path, typer.Option(help="Folder of the demo; an earlier demo there is replaced.")] = Path("demo"),
    users: Annotated[int, typer.Option(min=1, help="Users of the emulated tenant.")] = 400,
) -> None:
    """Show the whole job: an emulated Microsoft Graph, an empty warehouse, three nights of the real flow."""
    from activation_sync.emulator import Scenario, open_emulator
    from commands.support.console import out, say, use_own_prefect
    from commands.support.demo_home import configure, make_fresh, say_where_next
    from tasks.wiring import open_warehouse

    home = make_fresh(folder)
    scenario = Scenario(tenants=(TENANT,), users=users, ca_file=home / "emulator-ca.pem")
    with open_emulator(scenario) as emulator:
        use_own_prefect(home / "prefect")
        configure(home, emulator)
        out.rule("[bold]activation-sync demo")
        say(
            f"An emulated Microsoft Graph serves tenant [bold]{TENANT}[/bold] with {users:,} users at "
            f"{emulator.graph_root}.\nIts counts report lags behind its user detail, as the real one does. "
            "The warehouse is an empty SQLite file.\n"
        )
        _first_night(emulator)
        _second_night(emulator)
        corrected = _third_night(emulator)
        agree = _say_whether_they_agree(emulator)
    open_warehouse().dispose()  # its write-ahead log goes into the one file that people look at
    say_where_next(home, corrected)
    raise typer.Exit(0 if agree else 1)


def _first_night(emulator: "Emulator") -> None:
    from commands.support.console import say

    say(f"[bold]Night 1[/bold]  The report of {emulator.refreshed_on} is new, and the warehouse is empty.")
    _night(emulator)


def _second_night(emulator: "Emulator") -> None:
    from commands.support.console import say

    say("\n[bold]Night 2[/bold]  Graph still has the same report. The run must send nothing twice.")
    _night(emulator)


def _third_night(emulator: "Emulator") -> tuple[str, str]:
    """Returns the product that was corrected before it, and the refresh date."""
    from commands.support.console import say

    product, before, after = _correct_a_count()
    corrected_on = emulator.refreshed_on
    emulator.advance(days=1)
    say(
        f"\nSomeone corrects the warehouse by hand: {product} has {after} assigned users, not {before}.\n"
        f"[bold]Night 3[/bold]  Graph has the report of {emulator.refreshed_on}. The correction must reach Graph and "
        "must not be overwritten."
    )
    _night(emulator)
    return product, str(corrected_on)


def _night(emulator: "Emulator") -> "RunSummary":
    """One run of the flow, and what of it Graph really saw."""
    from commands.support.console import say
    from commands.support.exits import Exit
    from commands.support.running import run_sync, say_summary

    served_before = len(emulator.journal())
    summary = run_sync(TENANT, as_of=emulator.today)
    say_summary(summary)
    patched = sum(_is_applied_patch(entry) for entry in emulator.journal()[served_before:])
    say(f"Graph's own journal: {rows_words(patched)} PATCHed by this run.")
    if summary.outcome.exit_code != Exit.DONE:
        raise typer.Exit(summary.outcome.exit_code)
    return summary


def _is_applied_patch(entry: object) -> bool:
    from activation_sync.emulator.faults.journal import JournalEntry

    return isinstance(entry, JournalEntry) and entry.operation.startswith("PATCH") and entry.status in (200, 204)


def _correct_a_count() -> tuple[str, int, int]:
    """What a person would do with any SQL client."""
    from sqlalchemy import text

    from tasks.wiring import open_warehouse

    with open_warehouse().begin() as connection:
        product, assigned = connection.execute(
            text("SELECT product, assigned FROM activation_user_count ORDER BY assigned DESC LIMIT 1")
        ).one()
        connection.execute(
            text(
                "UPDATE activation_user_count SET assigned = assigned - 3, updated_by = 'you' WHERE product = :product"
            ),
            {"product": product},
        )
    return product, assigned, assigned - 3


def _say_whether_they_agree(emulator: "Emulator") -> bool:
    """Compare every row of the warehouse with what Graph holds now."""
    from sqlalchemy import text

    from activation_sync.core.model import Measure
    from commands.support.console import say, say_error
    from tasks.wiring import open_warehouse

    columns = ", ".join(("refreshed_on", "product", *Measure))
    with open_warehouse().begin() as connection:
        ours = {tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM activation_user_count"))}  # noqa: S608
    rows = emulator.rows(emulator.tenants[0].tenant_id)
    theirs = {(str(row.refreshed_on), " ".join(row.product_type.split()).upper(), *row.counts) for row in rows}
    if ours == theirs:
        say(f"\n[green]Warehouse and Graph agree on all {rows_words(len(ours))}.[/green]")
    else:
        say_error(f"warehouse and Graph differ in {rows_words(len(ours ^ theirs))}")
    return ours == theirs
