"""`activation-sync backfill`: replay what was landed of past refresh dates."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.runs.backfill import BackfillSummary, Window

DAY = ["%Y-%m-%d"]
NUMERIC = ("written", "to send", "waiting", "conflicts")
SHOWN_ROWS = 200


def backfill(
    start: Annotated[datetime, typer.Option("--from", formats=DAY, metavar="YYYY-MM-DD", help="First refresh date.")],
    end: Annotated[
        datetime, typer.Option("--to", formats=DAY, metavar="YYYY-MM-DD", help="Last refresh date, included.")
    ],
    reason: Annotated[str, typer.Option(help="The reason; the ledger and the run's record keep it.")],
    tenants: Annotated[
        list[str] | None, typer.Option("--tenant", help="Name of a tenant; may be repeated; without it, all tenants.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    approve: Annotated[
        str | None, typer.Option(help="Digest of the held plan that you approve; other dates stay held.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summaries as JSON.")] = False,
) -> None:
    """Replay landed and imported reports of past refresh dates, oldest first. If it is interrupted, run it again."""
    from activation_sync.core.runs.backfill import Window
    from commands.support.console import print_json
    from commands.support.exits import exit_of

    window = Window(start.date(), end.date(), reason)
    summaries = _look(tenants, window) if dry_run else _run(tenants, window, approve)
    if as_json:
        print_json(summaries)
    else:
        for summary in summaries:
            _say(summary)
        _say_unneeded(approve, summaries)
    raise typer.Exit(exit_of(summary.outcome for summary in summaries))


def _look(tenants: list[str] | None, window: "Window") -> "list[BackfillSummary]":
    """Without Prefect, because a preview needs no run."""
    from tasks.wiring import chosen_tenants

    return [_preview(tenant, window) for tenant in chosen_tenants(tenants)]


def _preview(tenant: str, window: "Window") -> "BackfillSummary":
    from activation_sync.core.runs.backfill import failed_backfill
    from activation_sync.errors import ConfigError
    from tasks.backfill.replay import preview

    try:
        return preview(tenant, window)
    except ConfigError as error:  # a malformed tenant stops no other
        return failed_backfill(tenant, window, error)


def _run(tenants: list[str] | None, window: "Window", approve: str | None) -> "list[BackfillSummary]":
    """Run the flow in this process. Raises what it refuses; returns its failures as summaries."""
    from commands.support.console import err, quieten_prefect

    quieten_prefect()
    with err.status("starting Prefect"):
        from commands.support.progress import showing_progress
        from commands.support.servers import start_server_if_needed
        from flows.backfill import backfill as flow
        from flows.endings import fared_in

        start_server_if_needed()
    with showing_progress():
        state = flow(window.start, window.end, window.reason, tenants, approve=approve, return_state=True)
    return fared_in(state)


def _say_unneeded(approve: str | None, summaries: "list[BackfillSummary]") -> None:
    """Tell who approved the plan of a date that none was held."""
    from activation_sync.core.rule.approvals import normal_digest
    from activation_sync.core.runs.backfill import held_day
    from activation_sync.core.runs.words import not_held_words
    from commands.support.console import say

    is_any_held = any(held_day(summary.days) or summary.error for summary in summaries)
    digest = normal_digest(approve)
    is_used = any(day.digest.startswith(digest) for summary in summaries for day in summary.days)
    if digest and not is_any_held and not is_used:
        say(not_held_words(digest))


def _say(summary: "BackfillSummary") -> None:
    """A line for each date that needs a word, what would change in a preview, and how the backfill ended."""
    from rich.markup import escape

    from activation_sync.core.pages.backfill_words import backfill_words, day_rows
    from activation_sync.core.rule.planned import Sending
    from activation_sync.core.rule.reasons import change_rows
    from activation_sync.core.runs.backfill import DayVerdict
    from commands.support.console import print_table, say

    shown = [day for day in summary.days if day.verdict is not DayVerdict.NOTHING_TO_DO]
    if shown:
        print_table(f"{summary.tenant}, {summary.start}..{summary.end}", day_rows(shown), NUMERIC)
    is_on = summary.delivery.is_enabled
    rows = [row for day in shown for row in change_rows(day.changes, Sending.WOULD, is_on)]
    for row in rows[:SHOWN_ROWS]:
        say(escape(f"{row['refresh date']} {row['product']}: {row['why']}; Graph: {row['Graph']}"))
    if len(rows) > SHOWN_ROWS:
        say(f"{len(rows) - SHOWN_ROWS:,} more rows are not shown; --json prints them all")
    for day in (day for day in shown if day.changes and day.held_because):
        say(escape(f"{day.refreshed_on} would be {day.held_because}"))
    say(f"[bold]{summary.tenant}[/bold]: {escape(backfill_words(summary))}")
