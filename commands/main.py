"""The `activation-sync` command. Each subcommand imports what it needs when it runs, so that `--help` is instant."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from activation_sync.errors import ActivationSyncError
from commands.backfill import backfill
from commands.check import check
from commands.demo import demo
from commands.emulate import emulate
from commands.import_reports import import_reports
from commands.migrate import migrate
from commands.plan import plan
from commands.status import status
from commands.sync import sync
from commands.verify_ledger import verify_ledger
from commands.why import why

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reconcile Microsoft 365 activation counts between usage data, your warehouse and Microsoft Graph.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 held, 4 open conflicts or dead letters, "
    "5 write-back not offered.",
)
for command in (demo, check, plan, sync, backfill, status, why, verify_ledger, emulate, migrate):
    app.command()(command)
app.command("import")(import_reports)  # a word Python keeps for itself


@app.callback()
def choose_config(
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file [default: $ACTIVATION_SYNC_CONFIG, else ./activation-sync.toml]"),
    ] = None,
) -> None:
    """Runs before every subcommand."""
    if config is not None:
        from config.sources import use_file

        use_file(config)


def main() -> None:
    """Run a command; an error of ours is a message and an exit code, anything else is a bug and looks like one."""
    try:
        app()
    except ActivationSyncError as error:
        from commands.console import say_error
        from commands.exits import exit_of_error

        say_error(str(error))
        sys.exit(exit_of_error(error))
