"""`activation-sync plan`: what a sync would do."""

from typing import Annotated

import typer


def plan(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plans as JSON.")] = False,
) -> None:
    """Show what a sync would do now, and why. Reads Graph and the warehouse; writes nothing anywhere."""
    from activation_sync.errors import ActivationSyncError
    from commands.support.choosing import chosen_names, open_migrated_warehouse
    from commands.support.console import print_json, say_error
    from commands.support.exits import Exit, exit_of_error, most_pressing
    from commands.support.running import preview, say_plan

    names = chosen_names(tenant)
    open_migrated_warehouse()
    views, exits = [], []
    for name in names:
        try:
            view = preview(name)
        except ActivationSyncError as error:  # one tenant's trouble stays its own
            say_error(f"{name}: {error}")
            exits.append(exit_of_error(error))
        else:
            views.append(view)
            exits.append(Exit.HELD if view.is_held else Exit.DONE)
            if not as_json:
                say_plan(view)
    if as_json:
        print_json(views)
    raise typer.Exit(most_pressing(exits))
