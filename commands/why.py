"""`activation-sync why`: the chain behind a number."""

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date as Day  # noqa: N812  `date` is an option

    from activation_sync.warehouse.ledger.hindsight import StandingCorrection
    from activation_sync.warehouse.ledger.ledger import LedgerRow

SIDES = ("agreed", "observed", "warehouse", "published", "settled")
DONE = {
    "correct": "corrected",
    "resolve": "resolved",
    "retry": "retried",
    "revert": "reverted",
    "restore": "put in doubt",
    "withdraw": "withdrawn",
    "approve": "approved",
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
    from activation_sync.warehouse.ledger.ledger import read_known, read_why
    from commands.support.choosing import only_tenant, open_migrated_warehouse
    from commands.support.console import print_json, say_error
    from commands.support.exits import Exit

    chosen = only_tenant(tenant)
    key = product_key(product, chosen.sync.product_aliases)
    with reading(open_migrated_warehouse()) as connection:
        chain = read_why(connection, chosen.name, key, date.date() if date else None)
        known = read_known(connection, chosen.name) if not chain else {}
    if as_json:
        print_json(chain)
    elif chain:
        _say_chain(chain)
    if not chain:
        say_error(f"{chosen.name}: {missing_words(key, date.date() if date else None, known, chosen.name)}")
    raise typer.Exit(Exit.DONE if chain else Exit.FAILED)


def missing_words(product: str, on: "Day | None", known: "Mapping[str, Sequence[Day]]", tenant: str) -> str:
    """Why there is nothing to tell, and what can be asked for. known: products, and the refresh dates of each."""
    from difflib import get_close_matches

    from activation_sync.core.phrases import dates_words, listed_words
    from activation_sync.core.runs.words import empty_words
    from commands.support.typed import typed

    if not known:
        return empty_words(typed("sync", tenant))
    if product in known:
        return f"no decision about {product} of {on} is recorded; its refresh dates: {dates_words(known[product])}"
    nearest = get_close_matches(product, known, n=len(known), cutoff=0)
    return f"no decision about {product} is recorded; the products are: {listed_words(nearest)}"


def _say_chain(chain: "list[LedgerRow]") -> None:
    from rich.markup import escape

    from activation_sync.warehouse.ledger.hindsight import standing_corrections
    from commands.support.console import say

    first = chain[0]
    say(f"[bold]{first.tenant}: {escape(str(first.product))}, refresh date {first.refreshed_on}[/bold]")
    for _, links in groupby(chain, key=lambda link: (link.run_id, link.kind, link.at)):
        _say_link(list(links), chain)
    for correction in standing_corrections(chain):
        say(f"\n{escape(_standing_words(correction))}")


def _standing_words(correction: "StandingCorrection") -> str:
    """Who settled on a value that differs from the usage data, why, and what the usage data says since."""
    from activation_sync.core.rule.reasons import MEASURE_WORDS, count_words, moved_words

    what = f"{MEASURE_WORDS[correction.measure]} {count_words(correction.value)}"
    done = DONE.get(correction.act, "corrected in the table")
    on = f"on {correction.at:%Y-%m-%d}" if correction.act else f"and found on {correction.at:%Y-%m-%d}"
    reason = f": {correction.reason}" if correction.reason else ""
    seen = moved_words(correction.seen, correction.observed)
    since = f"has moved since {seen}" if correction.seen != correction.observed else f"says {seen}"
    return f"{what}: {done} by {correction.who} {on}{reason}; the report {since}"


def _say_link(links: "list[LedgerRow]", chain: "list[LedgerRow]") -> None:
    """What one run decided of all measures, what a person did, a PATCH that left, or one answer of Graph."""
    from rich.markup import escape

    from activation_sync.warehouse.database.kinds import LedgerKind
    from commands.support.console import print_table, say

    first = links[0]
    moment = f"[bold]{first.at:%Y-%m-%d %H:%M:%S} UTC[/bold]"
    if first.kind is not LedgerKind.DECISION:
        say(f"\n{moment}  {escape(_event_words(first, chain))}")
        return
    why = f" ({first.note})" if first.note else ""
    say(f"\n{moment}  decided by {escape(first.who)}, run {first.run_id}{escape(why)}")
    print_table("", [_row(link) for link in links], numeric=SIDES)
    if edited := _edited_words(links, chain):
        say(escape(edited))
    for role, landed_id in (("observed", first.observed_id), ("published", first.published_id)):
        if landed_id:
            say(f"[dim]{role}: landed report {landed_id}[/dim]", is_copied=True)


def _edited_words(links: "list[LedgerRow]", chain: "list[LedgerRow]") -> str:
    """Who edited the table, where a run adopted an edit; what a command did is said where the person did it."""
    from activation_sync.core.model import Decision
    from activation_sync.warehouse.database.kinds import LedgerKind

    first = links[0]
    is_command = any(row.kind is LedgerKind.PERSON and row.run_id == first.run_id for row in chain)
    if is_command or not first.written_by or all(link.rule != Decision.ADOPT for link in links):
        return ""
    return f"corrected in the table by {first.written_by}"  # when is not known: who edits rarely sets `updated_at`


def _event_words(event: "LedgerRow", chain: "list[LedgerRow]") -> str:
    from activation_sync.warehouse.database.kinds import LedgerKind

    if event.kind is LedgerKind.PERSON:
        return f"{DONE.get(event.rule or '', event.rule)} by {event.who}: {event.note}"
    return sent_words(event, chain) if event.kind is LedgerKind.SENT else _answer_words(event)


def sent_words(event: "LedgerRow", chain: "Sequence[LedgerRow]") -> str:
    """That a PATCH left. It is in doubt only once a later run has gone on without its answer."""
    from activation_sync.warehouse.database.kinds import LedgerKind

    later = [row for row in chain if row.id > event.id]
    if any(row.kind is LedgerKind.ANSWER and row.outbox_id == event.outbox_id for row in later):
        return "the run sent a PATCH"
    is_lost = any(row.run_id != event.run_id for row in later)
    return f"the run sent a PATCH; {'its answer was lost, so it is in doubt' if is_lost else 'answer awaited'}"


def _answer_words(answer: "LedgerRow") -> str:
    from activation_sync.warehouse.delivery.consequences import READ_BACK

    if answer.rule == READ_BACK:
        return f"Graph was {answer.note}"
    request = f" (request {answer.request_id})" if answer.request_id else ""
    return f"{heard_words(answer.status, answer.note or '')}{request}"


def heard_words(status: int | None, note: str) -> str:
    """What Graph answered, said once. note: as the ledger keeps it, `dead: Graph answered 400 (BadRequest)`."""
    said = f"Graph answered {status}" if status else "Graph did not answer"
    state, _, words = note.partition(": ")
    return f"{words}; the update is {state}" if said in words else f"{said}: {note}".rstrip(": ")


def _row(link: "LedgerRow") -> dict[str, str]:
    counts = {side: _shown(getattr(link, side)) for side in SIDES}
    return {"measure": (link.measure or "").replace("_", " "), **counts, "decision": link.rule or ""}


def _shown(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
