"""`activation-sync why`: the chain behind a number."""

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.ledger.hindsight import StandingCorrection
    from activation_sync.warehouse.ledger.ledger import LedgerRow

SIDES = ("agreed", "observed", "warehouse", "published", "settled")
DONE = {
    "correct": "corrected",
    "resolve": "resolved",
    "retry": "retried",
    "revert": "reverted",
    "restore": "put in doubt",
}


def why(
    product: Annotated[str, typer.Argument(help="Product, as Graph or the warehouse names it.")],
    tenant: Annotated[str | None, typer.Option(help="Name of the tenant; needed when there are several.")] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Refresh date.", show_default="the newest"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain as JSON.")] = False,
) -> None:
    """Answer "why is this number what it is?": from the landed report to Graph's answer, oldest first."""
    from activation_sync.core.reports.products import product_key
    from activation_sync.warehouse.database.engine import reading
    from activation_sync.warehouse.ledger.ledger import read_why
    from commands.support.choosing import only_tenant, open_migrated_warehouse
    from commands.support.console import print_json, say_error
    from commands.support.exits import Exit

    chosen = only_tenant(tenant)
    key = product_key(product, chosen.sync.product_aliases)
    with reading(open_migrated_warehouse()) as connection:
        chain = read_why(connection, chosen.name, key, date.date() if date else None)
    if as_json:
        print_json(chain)
    elif chain:
        _say_chain(chain)
    if not chain:
        when = f" on {date.date()}" if date else ""
        remedy = "check its spelling (capitals and spaces do not matter)"
        say_error(f"{chosen.name}: no decision about {key}{when} is recorded; {remedy}")
    raise typer.Exit(Exit.DONE if chain else Exit.FAILED)


def _say_chain(chain: "list[LedgerRow]") -> None:
    from rich.markup import escape

    from activation_sync.warehouse.ledger.hindsight import standing_corrections
    from commands.support.console import say

    first = chain[0]
    say(f"[bold]{first.tenant}: {first.product}, refresh date {first.refreshed_on}[/bold]")
    for _, links in groupby(chain, key=lambda link: (link.run_id, link.kind, link.at)):
        _say_link(list(links))
    for correction in standing_corrections(chain):
        say(f"\n{escape(_standing_words(correction))}")


def _standing_words(correction: "StandingCorrection") -> str:
    """Who settled on a value that differs from the usage data, why, and what the usage data says since."""
    from activation_sync.core.rule.reasons import MEASURE_WORDS, count_words, moved_words

    what = f"{MEASURE_WORDS[correction.measure]} {count_words(correction.value)}"
    done = DONE.get(correction.act, "corrected in the table")
    reason = f": {correction.reason}" if correction.reason else ""
    seen = moved_words(correction.seen, correction.observed)
    since = f"has moved since {seen}" if correction.seen != correction.observed else f"says {seen}"
    return f"{what}: {done} by {correction.who} on {correction.at:%Y-%m-%d}{reason}; the report {since}"


def _say_link(links: "list[LedgerRow]") -> None:
    """What one run decided of all measures, what a person did, a PATCH that left, or one answer of Graph."""
    from rich.markup import escape

    from activation_sync.warehouse.database.kinds import LedgerKind
    from commands.support.console import print_table, say

    first = links[0]
    moment = f"[bold]{first.at:%Y-%m-%d %H:%M:%S} UTC[/bold]"
    if first.kind is not LedgerKind.DECISION:
        say(f"\n{moment}  {escape(_event_words(first))}")
        return
    why = f" ({first.note})" if first.note else ""
    say(f"\n{moment}  decided by {escape(first.who)}, run {first.run_id}{escape(why)}")
    print_table("", [_row(link) for link in links], numeric=SIDES)
    for role, landed_id in (("observed", first.observed_id), ("published", first.published_id)):
        if landed_id:
            say(f"[dim]{role}: landed report {landed_id}[/dim]", is_copied=True)


def _event_words(event: "LedgerRow") -> str:
    from activation_sync.warehouse.database.kinds import LedgerKind

    if event.kind is LedgerKind.PERSON:
        return f"{DONE.get(event.rule or '', event.rule)} by {event.who}: {event.note}"
    return "the run sent a PATCH; its outcome is in doubt" if event.kind is LedgerKind.SENT else _answer_words(event)


def _answer_words(answer: "LedgerRow") -> str:
    from activation_sync.warehouse.delivery.consequences import READ_BACK

    if answer.rule == READ_BACK:
        return f"Graph was {answer.note}"
    said = f"Graph answered {answer.status}" if answer.status else "Graph did not answer"
    request = f" (request {answer.request_id})" if answer.request_id else ""
    return f"{said}: {(answer.note or '').rstrip(': ')}{request}"


def _row(link: "LedgerRow") -> dict[str, str]:
    counts = {side: _shown(getattr(link, side)) for side in SIDES}
    return {"measure": (link.measure or "").replace("_", " "), **counts, "decision": link.rule or ""}


def _shown(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
