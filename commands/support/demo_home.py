"""Where the emulated job lives: a folder with a configuration like a user's, and what to look at there afterwards."""

import os
import shutil
import sys
from pathlib import Path

from activation_sync.emulator import EmulatedTenant, Emulator
from activation_sync.errors import ConfigError
from activation_sync.warehouse.database.schema import migrate
from commands.support.console import say
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
    secret.write_text(tenant.client_secret)
    return f"""
[[tenants]]
name = "{tenant.name}"
tenant_id = "{tenant.tenant_id}"
client_id = "{tenant.client_id}"
client_secret = "file:{secret.name}"
"""


def say_where_next(home: Path) -> None:
    """The commands that a new user can type next, with the paths of this machine."""
    job = _as_typed("activation-sync")
    ours = f"{job} --config {_short(home / 'activation-sync.toml')}"
    lines = (
        f"\n[bold]Where to look next[/bold]\n  {ours} status",
        f'  {ours} why "MICROSOFT 365 APPS FOR ENTERPRISE"',
        f"  the dashboard of these runs: PREFECT_HOME={home / 'prefect'} {_as_typed('prefect')} server start",
        f"  the landed reports: {_short(home / 'landing')}; the warehouse: {_short(home / 'warehouse.db')}",
        f"  an emulator of your own to work against: {job} emulate",
    )
    for line in lines:
        say(line, is_copied=True)


def _as_typed(command: str) -> str:
    """A command's name where the shell finds it, else its path beside this Python."""
    beside = Path(sys.executable).with_name(command)
    return command if shutil.which(command) or not beside.exists() else _short(beside)


def _short(path: Path) -> str:
    """As seen from this folder, when it lies below it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
