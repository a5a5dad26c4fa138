"""`activation-sync rebuild`: the warehouse again, and whether it equals the present one."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.rebuilding.compare import Comparison
    from tasks.acts.rebuild import Rebuilt


def rebuild(
    into: Annotated[
        str,
        typer.Option(
            envvar="ACTIVATION_SYNC_REBUILD_INTO",
            help="URL of a new, empty warehouse. With a password, give it in the environment variable.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Build a second warehouse from landed reports and ledger, offline, and compare it with the present one.

    Exit code 0 only when every table is equal and every landed file is as it was.
    """
    from commands.support.console import err, print_json
    from commands.support.exits import Exit
    from tasks.acts.rebuild import rebuild as rebuild_warehouse

    with err.status("reading landed reports and ledger again"):
        rebuilt = rebuild_warehouse(into)
    if as_json:
        print_json(rebuilt)
    else:
        _say_rebuilt(rebuilt)
    raise typer.Exit(Exit.DONE if rebuilt.is_equal else Exit.FAILED)


def _say_rebuilt(rebuilt: "Rebuilt") -> None:
    from activation_sync.core.phrases import rows_words
    from commands.support.console import print_table, say, say_error

    print_table("Present and rebuilt", [_row(table) for table in rebuilt.tables], ("rows", "differences", "edited"))
    for table in rebuilt.tables:
        for words in table.first:
            say(f"{table.table}: {words}")
    for problem in rebuilt.problems:
        say_error(problem)
    say(f"Read again: {rows_words(rebuilt.reread, 'landed report')}; {_expired_words(rebuilt.expired)}")
    if edited := sum(table.edited for table in rebuilt.tables):
        say(
            f"Edited, added or deleted since the last run: {rows_words(edited)}. No run has seen that yet, so the "
            "ledger does not know it; the rebuilt warehouse holds what was there before."
        )
    say("[green]Equal.[/green]" if rebuilt.is_equal else "[red]Not equal.[/red]")


def _expired_words(expired: int) -> str:
    if not expired:
        return "none has expired."
    return f"expired: {expired:,}, whose counts were copied and are not checked."


def _row(table: "Comparison") -> dict[str, str]:
    return {
        "table": table.table,
        "rows": f"{table.rows:,}",
        "differences": f"{table.differences:,}",
        "edited": f"{table.edited:,}",
    }
