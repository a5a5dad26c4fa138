"""`activation-sync migrate`: bring the warehouse to this version's schema."""


def migrate() -> None:
    """Create or upgrade the warehouse schema. Safe to repeat."""
    from activation_sync.warehouse.schema import migrate as migrate_schema
    from commands.console import say
    from tasks.wiring import open_warehouse

    before, after = migrate_schema(open_warehouse())
    say(f"schema {after}: already up to date" if before == after else f"schema {before or '(empty)'} -> {after}")
