"""`activation-sync retry`: offer dead letters to Graph again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.rule.retry import Retry
    from activation_sync.core.runs.summary import RunSummary
    from config.settings import TenantSettings

    Done = tuple[Retry, RunSummary]


def retry(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    product: Annotated[str | None, typer.Option(help="Only this product, as Graph or the warehouse names it.")] = None,
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only this refresh date.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Queue dead letters again, with the values that are current now. The next sync sends them."""
    from commands.support.choosing import chosen_tenants, exit_of_choice
    from commands.support.console import print_json, say

    done = [done for one in chosen_tenants(tenant) if (done := _retry(one, product, date))]
    if as_json:
        print_json([_facts(found, summary) for found, summary in done])
    elif not done:
        say("No dead letters to retry.")
    else:
        for found, summary in done:
            _say(found, summary)
    raise typer.Exit(exit_of_choice(tenant))


def _retry(tenant: "TenantSettings", product: str | None, date: datetime | None) -> "Done | None":
    """What became of a tenant's dead letters; without dead letters, writes nothing."""
    from activation_sync.core.reports.products import product_key
    from commands.support.console import err
    from tasks.acts.retry import read_dead_letters
    from tasks.acts.retry import retry as retry_dead_letters

    key = product_key(product, tenant.sync.product_aliases) if product else None
    on = date.date() if date else None
    if not read_dead_letters(tenant.name, key, on):
        return None
    with err.status(f"{tenant.name}: waiting for its lease"):
        return retry_dead_letters(tenant.name, key, on)


def _facts(found: "Retry", summary: "RunSummary") -> dict[str, object]:
    return {
        "tenant": summary.tenant,
        "run_id": summary.run_id,
        "queued": [change.key._asdict() | {"counts": change.settled._asdict()} for change in found.plan.changes],
        "not_queued": [key._asdict() | {"reason": why.name.lower()} for key, why in found.unsent.items()],
    }


def _say(found: "Retry", summary: "RunSummary") -> None:
    from rich.markup import escape

    from activation_sync.core.phrases import rows_words
    from activation_sync.core.rule.retry import unsent_words
    from commands.support.console import say
    from commands.support.running import say_queued

    queued = rows_words(len(found.plan.changes), "dead letter")
    say(f"[bold]{summary.tenant}[/bold]: {queued} queued again, with the values that are current now.")
    for line in unsent_words(found.unsent):
        say(escape(line))
    say_queued(summary.plan)
