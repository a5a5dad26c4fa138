"""`activation-sync history`: which runs there were, and what each came to."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.run import RunSummary
    from activation_sync.warehouse.runs import RunRecord

NUMERIC = ("written", "pushed", "acknowledged")
CAME_TO = ("report of", "decisions", *NUMERIC, "approved by")


def history(
    tenant: Annotated[str | None, typer.Argument(help="One tenant by its name; all of them when left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs of each tenant to show, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON.")] = False,
) -> None:
    """List runs, and what people did (resolve, retry, revert): when, for which day, and what came of it."""
    from activation_sync.warehouse.engine import reading
    from activation_sync.warehouse.runs import read_runs
    from activation_sync.warehouse.schema import refuse_other_schema
    from commands.choosing import chosen_tenants
    from commands.console import print_json, print_table, say
    from tasks.wiring import open_warehouse

    tenants = chosen_tenants(tenant)
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        runs = {one.name: read_runs(connection, one.name, limit) for one in tenants}
    if as_json:
        print_json([run for found in runs.values() for run in found])
        return
    for name, found in runs.items():
        if found:
            print_table(f"{name}: the last {len(found)} runs", [_row(run) for run in found], NUMERIC)
        else:
            say(f"{name}: no run yet.")


def _row(run: "RunRecord") -> dict[str, str]:
    from activation_sync.core.summary import short_digest

    return {
        "started (UTC)": f"{run.started_at:%Y-%m-%d %H:%M}",
        "run": run.kind.value,
        "for": str(run.as_of),
        "by": run.who,
        "outcome": run.outcome or "running, or killed",
        **dict(zip(CAME_TO, _came_to(run.summary) if run.summary else "-" * len(CAME_TO), strict=True)),
        "plan": short_digest(run.digest) or "-",
        "run id": run.run_id,
    }


def _came_to(summary: "RunSummary") -> tuple[str, ...]:
    """In the order of `CAME_TO`."""
    decisions = ", ".join(f"{count} {name}" for name, count in sorted(summary.decisions.items()))
    numbers = (summary.written, summary.pushed, summary.delivery.acknowledged)
    return (str(summary.refreshed_on or "-"), decisions or "-", *map(str, numbers), summary.approved_by or "-")
