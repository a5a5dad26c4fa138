"""`activation-sync correct`: change a number."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.model import Change
    from activation_sync.core.runs.summary import RunSummary
    from tasks.acts.correct import Correction


def correct(
    product: Annotated[str, typer.Argument(help="Product, as Graph or the warehouse names it.")],
    reason: Annotated[str, typer.Option(help="The reason; the ledger keeps it, and `why` shows it.")],
    assigned: Annotated[int | None, typer.Option(help="Users who hold a licence.")] = None,
    activated: Annotated[int | None, typer.Option(help="Users who activated.")] = None,
    shared: Annotated[int | None, typer.Option(help="Users who activated on a shared computer.")] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Refresh date.", show_default="the newest reconciled"
        ),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Name of the tenant; needed when there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Change a number of the warehouse. The warehouse keeps it, and the next sync sends it to Graph."""
    from activation_sync.core.model import Measure
    from activation_sync.core.reports.products import product_key
    from commands.support.choosing import only_tenant
    from commands.support.console import err, print_json
    from tasks.acts.correct import Correction
    from tasks.acts.correct import correct as correct_row

    chosen = only_tenant(tenant)
    given = zip(Measure, (assigned, activated, shared), strict=True)
    values = {measure: count for measure, count in given if count is not None}
    key = product_key(product, chosen.sync.product_aliases)
    wanted = Correction(key, values, reason, date.date() if date else None)
    with err.status(f"{chosen.name}: waiting for its lease"):
        change, summary = correct_row(chosen.name, wanted)
    if as_json:
        print_json(_facts(change, summary, wanted))
    else:
        _say(change, wanted, summary)


def _facts(change: "Change", summary: "RunSummary", wanted: "Correction") -> dict[str, object]:
    from activation_sync.core.rule.conflicts import conflicting_measures

    return {
        "tenant": summary.tenant,
        "run_id": summary.run_id,
        "refreshed_on": change.key.refreshed_on,
        "product": change.key.product,
        "reason": wanted.reason.strip(),
        "before": change.state.warehouse._asdict(),
        "after": change.settled._asdict(),
        "is_queued": change.is_pushed,
        "waits_for_report": change.waits_for_report,
        "in_conflict": list(conflicting_measures(change)),
    }


def _say(change: "Change", wanted: "Correction", summary: "RunSummary") -> None:
    from rich.markup import escape

    from activation_sync.core.rule.correct import corrected_words
    from activation_sync.core.rule.reasons import graph_words
    from commands.support.console import say
    from commands.support.running import say_queued

    say(f"[bold]{summary.tenant}[/bold]: {escape(corrected_words(change, wanted.values))}")
    say_queued(summary.plan)
    for planned in summary.plan.changes:
        if not planned.is_pushed and not planned.is_conflict:
            say(f"Graph: {graph_words(planned, summary.plan.sending)}.")
