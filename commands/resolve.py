"""`activation-sync resolve`: decide a conflict."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from activation_sync.core.model import Measure

if TYPE_CHECKING:
    from activation_sync.core.model import Change
    from activation_sync.core.runs.summary import RunSummary


class Side(StrEnum):
    """Whose values win."""

    OBSERVED = "observed"
    WAREHOUSE = "warehouse"


def resolve(
    product: Annotated[str, typer.Argument(help="Product, as Graph or the warehouse names it.")],
    take: Annotated[Side, typer.Option(help="Whose values win: the usage data's (observed) or the table's.")],
    tenant: Annotated[str | None, typer.Option(help="Name of the tenant; needed when there are several.")] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Refresh date; needed when several are in conflict."
        ),
    ] = None,
    measure: Annotated[
        Measure | None, typer.Option(help="Decide this measure only.", show_default="all in conflict")
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Digest that `conflicts` showed; refused when a value has moved since."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Decide a conflict for one side. The next sync sends the row to Graph."""
    from activation_sync.core.model import ConflictPolicy
    from activation_sync.core.reports.products import product_key
    from commands.support.choosing import only_tenant
    from commands.support.console import err, print_json
    from tasks.acts.resolve import resolve as resolve_conflict

    chosen = only_tenant(tenant)
    key = product_key(product, chosen.sync.product_aliases)
    with err.status(f"{chosen.name}: waiting for its lease"):
        change, summary = resolve_conflict(
            chosen.name, key, ConflictPolicy(take), date.date() if date else None, measure, approve
        )
    if as_json:
        print_json(summary)
    else:
        _say(change, summary)


def _say(change: "Change", summary: "RunSummary") -> None:
    from rich.markup import escape

    from activation_sync.core.rule.conflicts import resolved_words
    from commands.support.console import say
    from commands.support.running import say_queued

    say(f"[bold]{summary.tenant}[/bold]: {escape(resolved_words(change))}")
    say_queued(summary.plan)
