"""`activation-sync history`: which runs there were, and what each came to."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from activation_sync.core.runs.summary import RunSummary
    from activation_sync.warehouse.runs.runs import RunRecord

SHOWN_ID_CHARS = 8  # enough for `revert`; --json has all of it


def history(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs of each tenant to show, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON.")] = False,
) -> None:
    """List runs, and what people did (correct, resolve, withdraw, ...): when, for which day, and the result."""
    from activation_sync.warehouse.database.engine import reading
    from activation_sync.warehouse.runs.runs import read_runs
    from commands.support.choosing import chosen_tenants, exit_of_choice, open_migrated_warehouse
    from commands.support.console import print_json

    tenants = chosen_tenants(tenant)
    with reading(open_migrated_warehouse()) as connection:
        runs = {one.name: read_runs(connection, one.name, limit) for one in tenants}
    if as_json:
        print_json([run for found in runs.values() for run in found])
    else:
        _say(runs)
    raise typer.Exit(exit_of_choice(tenant))


def _say(runs: "Mapping[str, Sequence[RunRecord]]") -> None:
    from rich.markup import escape

    from activation_sync.core.runs.words import empty_words
    from commands.support.console import print_table, say
    from commands.support.typed import typed

    for name, found in runs.items():
        if found:
            print_table(f"{name}: newest runs first", [_row(run) for run in found])
        else:
            say(escape(f"{name}: no run yet; {empty_words(typed('sync', name))}"), is_copied=True)


def _row(run: "RunRecord") -> dict[str, str]:
    from activation_sync.core.phrases import short_digest
    from activation_sync.core.runs.outcome import RunKind

    return {
        "started (UTC)": f"{run.started_at:%Y-%m-%d %H:%M}",
        "run": f"{_what(run)}{f' for {run.as_of}' if run.kind is RunKind.SYNC else ''}, by {run.who}",
        "outcome": run.outcome or "running, or killed",
        "result": _came_to_words(run.summary) if run.summary else "-",
        "plan": short_digest(run.digest) or "-",
        "run id": run.run_id[:SHOWN_ID_CHARS],
    }


def _what(run: "RunRecord") -> str:
    """The kind of run, and why a person started it; the reason of a backfill already names its kind."""
    from activation_sync.core.runs.outcome import RunKind

    if run.reason is None or run.kind is RunKind.BACKFILL:
        return run.reason or run.kind
    return f"{run.kind}: {run.reason}"


def _came_to_words(summary: "RunSummary") -> str:
    plan = summary.plan
    numbers = {
        **dict(sorted(plan.decisions.items())),
        "written": plan.written,
        "queued": plan.pushed,
        "acknowledged": summary.delivery.acknowledged,
    }
    report = f"report of {plan.observed_on}: " if plan.observed_on else ""
    approved = f"; approved by {plan.approved_by}" if plan.approved_by else ""
    came_to = ", ".join(f"{count:,} {name}" for name, count in numbers.items() if count)
    return f"{report}{came_to or 'nothing'}{approved}"
