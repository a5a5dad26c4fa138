"""Which tenants a command is for, and their warehouse."""

from sqlalchemy import Engine, text

from activation_sync.errors import ConfigError
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.schema import refuse_other_schema
from commands.support.console import say_error
from commands.support.exits import Exit
from config.settings import TenantSettings, settings_in_use
from tasks import wiring
from tasks.wiring import malformed_tenants, open_warehouse


def chosen_names(name: str | None) -> tuple[str, ...]:
    """The named tenant, or all of them: for commands that tell of each tenant what became of it, malformed ones too."""
    return wiring.chosen_tenants([name] if name else None)


def chosen_tenants(name: str | None) -> tuple[TenantSettings, ...]:
    """The named tenant, or all of them but the malformed ones, which are named as errors; see `exit_of_choice`."""
    settings = settings_in_use()
    if name:
        return (settings.tenant(name),)
    for malformed, mistakes in malformed_tenants().items():
        say_error(f"{malformed}: {mistakes}")
    return settings.tenants


def exit_of_choice(name: str | None) -> Exit:
    """What a command has to say for the tenants that `chosen_tenants` left out."""
    return Exit.USAGE if not name and malformed_tenants() else Exit.DONE


def only_tenant(name: str | None) -> TenantSettings:
    """The named tenant, or the only one; ConfigError when there are several and none is named."""
    names = chosen_names(name)
    if len(names) > 1:
        raise ConfigError([f"several tenants are configured: choose with --tenant {'|'.join(names)}"])
    return settings_in_use().tenant(names[0])


def open_migrated_warehouse() -> Engine:
    """The warehouse; SchemaVersionError unless its schema is this version's."""
    engine = open_warehouse()
    refuse_other_schema(engine)
    return engine


def refuse_unwritable_warehouse() -> None:
    """Raise unless a run could write. Changes no row: an account without the right to write is refused even this."""
    with writing(open_migrated_warehouse()) as connection:
        connection.execute(text("DELETE FROM tenant_lease WHERE 1 = 0"))
