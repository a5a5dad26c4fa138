"""`activation-sync status`: where things stand."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from activation_sync.warehouse.status import WarehouseStatus

CSV_QUOTA = 14  # requests in ten minutes for each application, tenant and report; source: graph/throttling-limits
JSON_QUOTA = 100


def status(
    tenant: Annotated[str | None, typer.Argument(help="One tenant by its name; all of them when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Show where each tenant stands: last run, age of the report, what is pending, dead or in doubt, quota left."""
    from activation_sync.warehouse.engine import reading
    from activation_sync.warehouse.schema import refuse_other_schema
    from commands.choosing import chosen_tenants
    from commands.console import print_json, print_table
    from commands.exits import Exit
    from tasks.standing import read_standing
    from tasks.wiring import now, open_warehouse

    tenants = chosen_tenants(tenant)
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        found = [read_standing(connection, one.name) for one in tenants]
    if as_json:
        print_json(found)
    else:
        quotas = [CSV_QUOTA if one.graph.report_format == "csv" else JSON_QUOTA for one in tenants]
        print_table("Tenants", [_row(one, quota, now()) for one, quota in zip(found, quotas, strict=True)])
    is_unsettled = any(one.dead or one.conflicts for one in found)
    raise typer.Exit(Exit.UNSETTLED if is_unsettled else Exit.DONE)


def _row(status: "WarehouseStatus", quota: int, now: "datetime") -> dict[str, str]:
    age = f"{(now.date() - status.newest_refreshed_on).days} days" if status.newest_refreshed_on else "-"
    return {
        "tenant": status.tenant,
        "last run (UTC)": f"{status.last_run.started_at:%Y-%m-%d %H:%M}" if status.last_run else "never",
        "outcome": _outcome(status),
        "newest report": str(status.newest_refreshed_on or "-"),
        "its age": age,
        "pending": str(status.pending),
        "in doubt": str(status.in_doubt),
        "conflicts": str(status.conflicts),
        "dead letters": str(status.dead),
        "restated": str(status.restated),
        "rejected": str(status.rejected),
        "quota left": f"{max(0, quota - status.runs_lately)} of {quota}",
    }


def _outcome(status: "WarehouseStatus") -> str:
    if status.last_run is None:
        return "-"
    return status.last_run.outcome or "running, or killed"
