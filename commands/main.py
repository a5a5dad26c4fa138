"""The `activation-sync` command. Each subcommand imports what it needs when it runs, so that `--help` is instant."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from activation_sync.errors import ActivationSyncError
from commands.backfill import backfill
from commands.check import check
from commands.conflicts import conflicts
from commands.correct import correct
from commands.dead_letters import dead_letters
from commands.demo import demo
from commands.emulate import emulate
from commands.history import history
from commands.import_reports import import_reports
from commands.migrate import migrate
from commands.plan import plan
from commands.rebuild import rebuild
from commands.register import register
from commands.report.report import report
from commands.resolve import resolve
from commands.restore import restore
from commands.retry import retry
from commands.revert import revert
from commands.status import status
from commands.support.interrupt import ending_soon
from commands.sync import sync
from commands.up import up
from commands.verify_ledger import verify_ledger
from commands.why import why
from commands.withdraw import withdraw

NAME = "activation-sync"

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},  # of every command
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reconcile Microsoft 365 activation counts between usage data, your warehouse and Microsoft Graph.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 held, 4 open conflicts or dead letters, or rows "
    "that somebody else changed in Graph, 5 write-back not offered, 130 interrupted.",
)
COMMANDS = (
    *(demo, up, check, plan, sync, backfill, status, history, why, report),
    *(correct, conflicts, resolve, dead_letters, retry, revert, withdraw),
    *(verify_ledger, rebuild, restore, emulate, migrate, register),
)
for command in COMMANDS:
    app.command()(command)
app.command("import")(import_reports)  # `import` is a keyword of Python


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"{NAME} {version(NAME)}")
        except PackageNotFoundError:
            typer.echo(f"{NAME}, run from a checkout that is not installed")
        raise typer.Exit


@app.callback()
def choose_config(
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration file.", show_default="$ACTIVATION_SYNC_CONFIG, else activation-sync.toml in this folder"
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001  its callback answers
        bool, typer.Option("--version", help="Show the version and exit.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Runs before every subcommand."""
    if config is not None:
        from config.sources import use_file

        use_file(config)


def main() -> None:
    """Run a command; an error of ours is a message and an exit code, anything else is a bug and looks like one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to fail
    try:
        with ending_soon():
            app(prog_name=NAME)
    except ActivationSyncError as error:
        from commands.support.console import say_failure
        from commands.support.exits import exit_of_error

        say_failure(error)
        sys.exit(exit_of_error(error))
