"""`activation-sync restore`: after an older backup, the warehouse catches up."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tasks.acts.restore import Restored


def restore(
    tenant: Annotated[str | None, typer.Option(help="Name of one tenant; without it, all tenants.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Catch up after you put back an older backup of the warehouse. Stop the workers first.

    It takes in what landed since, replays it, and has the next sync send every count once more. The ledger tells of it.
    """
    from commands.support.choosing import chosen_tenants
    from commands.support.console import err, print_json
    from commands.support.exits import exit_of
    from tasks.acts.restore import preview_restore
    from tasks.acts.restore import restore as restore_tenant

    done = []
    for one in chosen_tenants(tenant):
        with err.status(f"{one.name}: reading the landing"):
            done.append(preview_restore(one.name) if dry_run else restore_tenant(one.name))
        if not as_json:
            _say(done[-1], is_done=not dry_run)
    if as_json:
        print_json(done)
    raise typer.Exit(exit_of(each.outcome for each in done))


def _say(done: "Restored", *, is_done: bool) -> None:
    from rich.markup import escape

    from activation_sync.core.phrases import rows_words
    from commands.support.console import say, say_error
    from tasks.ledger import head_words

    lost = (
        f"The ledger does not hold {head_words(done.lost)}." if done.lost else "The ledger lost nothing that was noted."
    )
    taken, replayed = rows_words(done.taken_in, "landed report"), rows_words(len(done.days), "refresh date")
    did = (
        f"Took in {taken}, replayed {replayed}" if is_done else f"Would take in {taken} and replay their refresh dates"
    )
    sent = f"the next sync sends {rows_words(done.doubted)} once more" if done.doubted else "nothing is sent once more"
    say(f"[bold]{done.tenant}[/bold]: {escape(lost)} {did}; {sent}.")
    for problem in done.problems:
        say_error(f"{done.tenant}: {problem}")
    for day in done.days:
        if day.held_because:
            say_error(f"{done.tenant}: {day.refreshed_on} is {day.held_because}, of a backfill of that date")
