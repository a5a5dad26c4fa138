"""Which tenants a command is about."""

from activation_sync.errors import ConfigError
from config.settings import TenantSettings, load_settings


def chosen_tenants(name: str | None) -> tuple[TenantSettings, ...]:
    """The named tenant, or all of them."""
    settings = load_settings()
    return (settings.tenant(name),) if name else settings.tenants


def only_tenant(name: str | None) -> TenantSettings:
    """The named tenant, or the only one; ConfigError when the choice is open."""
    tenants = chosen_tenants(name)
    if len(tenants) > 1:
        raise ConfigError([f"several tenants are configured: choose with --tenant {'|'.join(t.name for t in tenants)}"])
    return tenants[0]
