"""Where the emulated job lives: a folder with a configuration like a user's, and what to look at there afterwards."""

import os
import shutil
from pathlib import Path

from rich.markup import escape

from activation_sync.core.phrases import command_line
from activation_sync.emulator import EmulatedTenant, Emulator
from activation_sync.errors import ConfigError
from activation_sync.warehouse.database.schema import migrate
from commands.support.console import say
from commands.support.typed import as_found, with_variables
from config.sources import use_only
from tasks.wiring import open_warehouse

MARKER = ".activation-sync-demo"


def make_fresh(folder: Path) -> Path:
    """An empty folder for `demo` or `up`; a folder that holds anything else is left alone."""
    home = folder.absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        _empty(home)
        (home / MARKER).touch()
    except OSError as error:
        raise ConfigError([f"cannot use {home}: {error.strerror}; choose another --folder"]) from None
    return home


def _empty(home: Path) -> None:
    found = list(home.iterdir())
    if found and home / MARKER not in found:
        raise ConfigError([f"{home} exists and was not made by an earlier demo or up: choose another --folder"])
    for entry in found:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def configure(home: Path, emulator: Emulator) -> None:
    """The configuration a user would write for the emulator's tenants, and a migrated warehouse of its own.

    What the environment overrides is forgotten: the demo corrects counts by hand, which no real warehouse may see.
    """
    file = home / "activation-sync.toml"
    file.write_text(f"""# Written by `activation-sync`. The emulator stops with the command; the warehouse stays.
[warehouse]
url = "sqlite:///warehouse.db"

[landing]
url = "landing"

[graph]
root = "{emulator.graph_root}"
authority_root = "{emulator.authority_root}"
download_hosts = ["{emulator.download_host}"]
ca_file = "emulator-ca.pem"

[write_back]
enabled = true
{"".join(_tenant_table(home, tenant) for tenant in emulator.tenants)}""")
    use_only(file)
    migrate(open_warehouse())


def _tenant_table(home: Path, tenant: EmulatedTenant) -> str:
    secret = home / f"{tenant.name}.secret"
    secret.touch(mode=0o600)
    secret.write_text(tenant.client_secret)
    return f"""
[[tenants]]
name = "{tenant.name}"
tenant_id = "{tenant.tenant_id}"
client_id = "{tenant.client_id}"
client_secret = "file:{secret.name}"
"""


def say_where_next(home: Path, corrected: tuple[str, str]) -> None:
    """The commands that a new user can type next, with the paths of this machine.

    corrected: product and refresh date of the count that was corrected by hand.
    """
    job, (product, day) = as_found("activation-sync"), corrected
    ours = (_short(job), "--config", _short(home / "activation-sync.toml"))
    server = command_line(_short(as_found("prefect")), "server", "start")
    lines = (
        f"  {command_line(*ours, 'status')}",
        f"  {command_line(*ours, 'why', product, '--date', day)}",
        f"  the dashboard of these runs: {with_variables(server, PREFECT_HOME=str(home / 'prefect'))}",
        f"  the landed reports: {_short(home / 'landing')}; the warehouse: {_short(home / 'warehouse.db')}",
        f"  an emulator of your own to work against: {command_line(_short(job), 'emulate')}",
    )
    say("\n[bold]Where to look next[/bold]")
    for line in lines:
        say(escape(line), is_copied=True)


def _short(path: Path | str) -> str:
    """As seen from this folder, when it lies below it."""
    is_below = isinstance(path, Path) and path.is_relative_to(Path.cwd())
    return os.path.relpath(path) if is_below else str(path)
