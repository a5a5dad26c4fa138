"""Which tenants a command is for, and their warehouse."""

from sqlalchemy import Engine, text

from activation_sync.errors import ConfigError
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.schema import refuse_other_schema
from config.settings import TenantSettings, settings_in_use
from tasks.wiring import open_warehouse


def chosen_tenants(name: str | None) -> tuple[TenantSettings, ...]:
    """The named tenant, or all of them."""
    settings = settings_in_use()
    return (settings.tenant(name),) if name else settings.tenants


def only_tenant(name: str | None) -> TenantSettings:
    """The named tenant, or the only one; ConfigError when there are several and none is named."""
    tenants = chosen_tenants(name)
    if len(tenants) > 1:
        raise ConfigError([f"several tenants are configured: choose with --tenant {'|'.join(t.name for t in tenants)}"])
    return tenants[0]


def open_migrated_warehouse() -> Engine:
    """The warehouse; SchemaVersionError unless its schema is this version's."""
    engine = open_warehouse()
    refuse_other_schema(engine)
    return engine


def refuse_unwritable_warehouse() -> None:
    """Raise unless a run could write. Changes no row: an account without the right to write is refused even this."""
    with writing(open_migrated_warehouse()) as connection:
        connection.execute(text("DELETE FROM tenant_lease WHERE 1 = 0"))
