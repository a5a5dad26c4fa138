"""`activation-sync sync`: the flow, here and now."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.runs.summary import RunSummary


def sync(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The night that the run is for.", show_default="today, UTC"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    approve: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Digest of the held plan that you approve; any other plan stays held."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run summaries as JSON.")] = False,
) -> None:
    """Run the nightly job now: land, load, plan, apply, deliver, verify."""
    from commands.support.choosing import chosen_names, open_migrated_warehouse, refuse_unwritable_warehouse
    from commands.support.console import print_json
    from commands.support.exits import exit_of
    from commands.support.running import run_sync, say_error_of, say_summary, say_unneeded

    names = chosen_names(tenant)
    open_migrated_warehouse() if dry_run else refuse_unwritable_warehouse()  # said before Prefect starts
    digest = _whole_digest(names, approve) if approve else None  # of one tenant's plan; no other needs it
    summaries: list[RunSummary] = []
    for name in names:
        summary = run_sync(name, as_of=as_of.date() if as_of else None, dry_run=dry_run, approve=digest)
        summaries.append(summary)
        if as_json:
            say_error_of(summary)
        else:
            say_summary(summary)
    if as_json:
        print_json(summaries)
    else:
        say_unneeded(approve, [summary.plan for summary in summaries])
    raise typer.Exit(exit_of(summary.outcome for summary in summaries))


def _whole_digest(names: Sequence[str], approve: str) -> str:
    """Looked up before anything is done, so that a mistyped one leaves no failed run behind."""
    from commands.support.console import quieten_prefect

    quieten_prefect()
    from tasks.approval import approval_of

    return approval_of(names, approve).digest
