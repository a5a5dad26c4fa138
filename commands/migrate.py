"""`activation-sync migrate`: bring the warehouse to this version's schema."""

from typing import Annotated

import typer


def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print both versions as JSON.")] = False) -> None:
    """Create or upgrade the warehouse schema. Safe to repeat."""
    from activation_sync.warehouse.database.schema import migrate as migrate_schema
    from commands.support.console import print_json, say
    from tasks.wiring import open_warehouse

    before, after = migrate_schema(open_warehouse())
    if as_json:
        print_json({"before": before, "after": after})
    else:
        say(f"schema {after}: already up to date" if before == after else f"schema {before or '(empty)'} -> {after}")
