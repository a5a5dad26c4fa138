"""`activation-sync plan`: what a sync would do."""

from typing import Annotated

import typer


def plan(
    tenant: Annotated[str | None, typer.Argument(help="One tenant by its name; all of them when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plans as JSON.")] = False,
) -> None:
    """Show what a sync would do now, and why. Reads Graph and the warehouse; writes nothing anywhere."""
    from commands.choosing import chosen_tenants
    from commands.console import print_json
    from commands.exits import Exit, most_pressing
    from commands.running import preview, say_plan

    views = [preview(one.name) for one in chosen_tenants(tenant)]
    if as_json:
        print_json(views)
    else:
        for view in views:
            say_plan(view)
    raise typer.Exit(most_pressing(Exit.HELD if view.is_held else Exit.DONE for view in views))
