"""`activation-sync up`: dashboard, worker, schedule and, when nothing is configured, an emulated Graph."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from commands.support.children import Child

WATCH_EVERY_S = 0.5


def up(
    folder: Annotated[
        Path,
        typer.Option(help="Folder for logs and the dashboard's records; with the emulator, each start empties it."),
    ] = Path("up"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the dashboard; 0 takes a free one.")] = 4200,
    tenants: Annotated[int, typer.Option(min=1, help="Tenants of the emulator, when none is configured.")] = 3,
    users: Annotated[int, typer.Option(min=1, help="Users of each of them.")] = 200,
) -> None:
    """Run everything until Ctrl-C: Prefect server with its dashboard, a worker, and the deployments.

    Without a configuration file an emulated Microsoft Graph stands in. With PREFECT_API_URL set, no server is started.
    """
    from commands.register import POOL, register_deployments
    from commands.support.automations import register_automations
    from commands.support.children import until_stopped
    from commands.support.console import say
    from commands.support.servers import open_worker, refuse_taken, server_in_use, settle_prefect

    with until_stopped(), ExitStack() as opened:
        settle_prefect()
        if not server_in_use():
            refuse_taken(port)
        opened.enter_context(_alone_in(folder.absolute()))
        home = opened.enter_context(_open_home(folder, tenants, users))
        children = opened.enter_context(_open_dashboard(home, port))
        say("Registering deployments and automations ...")
        register_deployments()
        register_automations()
        worker = opened.enter_context(open_worker(home, POOL))
        _say_ready(home, has_own_server=bool(children))
        _watch([*children, worker])
    say("Stopped.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keeps every other `up` of this account out of that folder: a second one would delete the files of the first."""
    import sqlite3
    import tempfile
    from contextlib import closing
    from hashlib import sha256

    from activation_sync.errors import ConfigError
    from tasks.wiring import account

    name = sha256(f"{account()} {folder}".encode()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"activation-sync-up-{name}.lock"
    # such a lock ends with its process, however that ends, on every system
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise ConfigError([f"another `up` works in {folder}; stop that one, or choose another --folder"]) from None
        yield


@contextmanager
def _open_home(folder: Path, tenants: int, users: int) -> Iterator[Path]:
    """The folder for what is started here; an emulated Graph lasts as long as the block, unless one is configured."""
    from commands.support.choosing import open_migrated_warehouse
    from commands.support.console import say
    from config.sources import find_file, use_file

    file = find_file(None)
    if not file.exists():
        with _open_emulated(folder, tenants, users) as home:
            yield home
        return
    use_file(file)  # by its whole path: the worker runs in the checkout
    open_migrated_warehouse()
    say(f"Configured by {file}.")
    home = folder.absolute()
    home.mkdir(parents=True, exist_ok=True)
    yield home


@contextmanager
def _open_emulated(folder: Path, tenants: int, users: int) -> Iterator[Path]:
    from datetime import timedelta

    from activation_sync.emulator import Scenario, open_emulator
    from commands.support.console import say
    from commands.support.demo_home import configure, make_fresh
    from tasks.wiring import now

    home = make_fresh(folder)
    refreshed_on = now().date() - timedelta(days=2)
    scenario = Scenario(
        tenants=tenants, users=users, ca_file=home / "emulator-ca.pem", first_refreshed_on=refreshed_on, throttling=True
    )
    with open_emulator(scenario) as emulator:
        configure(home, emulator)
        names = ", ".join(tenant.name for tenant in emulator.tenants)
        say(f"No configuration file, so an emulated Microsoft Graph at {emulator.graph_root} serves {names}.")
        yield home


@contextmanager
def _open_dashboard(home: Path, port: int) -> "Iterator[Sequence[Child]]":
    """The Prefect server, unless the user works with one already."""
    from commands.support.console import say
    from commands.support.servers import end_leftovers, free_port, open_server, server_in_use

    if server_in_use():
        yield []
        return
    say("Starting the Prefect server ...")
    with open_server(home, free_port(port)) as server:
        end_leftovers()
        yield [server]


def _say_ready(home: Path, *, has_own_server: bool) -> None:
    from rich.markup import escape

    from commands.register import POOL
    from commands.support.console import say
    from commands.support.password import FILE
    from commands.support.schedules import read_schedules, schedule_words
    from commands.support.servers import server_in_use
    from commands.support.typed import typed, with_variables

    address = (server_in_use() or "").removesuffix("/api")
    password = {"PREFECT_PROFILES_PATH": str(home / FILE)} if has_own_server else {}
    register = with_variables(typed("register", "--notify", "env:NAME"), **password, PREFECT_API_URL=f"{address}/api")
    say(
        f"""
[bold]Ready.[/bold] The dashboard: {address}
{_login_words(home) if has_own_server else ""}
  see the schedule    Deployments -> nightly. Now: {"; ".join(schedule_words(read_schedules(POOL)))}
  run it now          Deployments -> nightly -> Run -> Quick run
  see what it did     Runs -> the run -> Artifacts: the plan and the page of each tenant
  one tenant only     Deployments -> sync -> Run -> Custom run; you can approve a held plan there
  past dates again    Deployments -> backfill -> Run: a form with dates, and a reason
  be notified         {escape(register)}

Logs, records and, with the emulator, the warehouse are in {escape(str(home))}. Ctrl-C stops everything.""",
        is_copied=True,
    )


def _login_words(home: Path) -> str:
    """Prints the password on a terminal only: a log is kept, and others read it."""
    from commands.support.password import FILE, password_of

    if sys.stdout.isatty():
        return f"It asks for a password: {password_of(home)}\n"
    return f"It asks for a password: the name and the password are in {home / FILE}.\n"


def _watch(children: "Sequence[Child]") -> None:
    """Wait until the command is stopped; if one child ends by itself, end the others too."""
    import time

    from commands.support.servers import refuse_ended

    while True:
        for child in children:
            refuse_ended(child)
        time.sleep(WATCH_EVERY_S)
