"""`activation-sync status`: the condition of each tenant."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from activation_sync.core.runs.standing import Standing
    from activation_sync.warehouse.runs.status import WarehouseStatus

QUOTAS = {"csv": 14, "json": 100}  # requests in 10 minutes, application, tenant and report; graph/throttling-limits
SAID = ("failed", "lost", "held", "quarantined", "put-off")  # with the reason; what else is amiss stands in the table
OPEN_ENDS = {  # and their nouns, where they have one
    "in_doubt": "in doubt",
    "conflicts": "conflict",
    "dead": "dead letter",
    "rejected": "rejected",
    "restated": "restated",
}
NO_NOUNS = ("in doubt", "rejected", "restated")


def status(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Show only tenants that need someone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Show each tenant, the most urgent first: condition and since when, last run, report's age, what is open, quota.

    Exit code 0 if nobody is needed; else that of the most urgent tenant: 1 failed, lost or quarantined, 3 held,
    4 conflicts, dead letters, rows that somebody else changed in Graph, or an old report, 5 write-back not offered.

    The quota left is an estimate: requests for one report in ten minutes, less one for each run. It does not know what
    `check`, `plan`, repeated tries, further pages and other programs of the application used.
    """
    from activation_sync.core.runs.condition import Condition
    from activation_sync.core.runs.standing import in_order, with_open_ends
    from activation_sync.warehouse.database.engine import reading
    from commands.support.choosing import chosen_names, open_migrated_warehouse
    from commands.support.console import print_json
    from commands.support.exits import Exit, most_pressing
    from tasks.nights.standing import read_standing, read_standings
    from tasks.wiring import now

    names, today = chosen_names(tenant), now().date()
    with reading(open_migrated_warehouse()) as connection:
        found = {name: read_standing(connection, name) for name in names}
        standings = read_standings(connection, names, today)
    standings = in_order(
        [with_open_ends(one, found[one.tenant].dead + found[one.tenant].conflicts) for one in standings]
    )
    shown = [one for one in standings if one.condition.exit_code or not only_open]
    facts = [_facts(found[one.tenant], one, today) for one in shown]
    if as_json:
        print_json(facts)
    elif all(one.condition is Condition.NEVER_RUN and not found[one.tenant].newest_refreshed_on for one in standings):
        _say_empty(tenant)
    else:
        _say(facts, shown, standings, today)
    raise typer.Exit(most_pressing(Exit(one.condition.exit_code) for one in standings))


def _facts(status: "WarehouseStatus", standing: "Standing", today: "date") -> dict[str, Any]:
    """All facts of a tenant, and what follows from them."""
    from dataclasses import fields

    from activation_sync.core.runs.report_age import report_age_days

    newest_on, quota = status.newest_refreshed_on, _quota(status.tenant)
    return {field.name: getattr(status, field.name) for field in fields(status)} | {
        "condition": standing.condition,
        "since": standing.since,
        "why": standing.why,
        "remedy": standing.remedy,
        "report_age_days": report_age_days(newest_on, today) if newest_on else None,
        "quota": quota,
        "quota_left": max(0, quota - status.runs_lately) if quota else None,  # an estimate: only runs are recorded
    }


def _quota(tenant: str) -> int | None:
    """None for a malformed tenant, which asks Graph for nothing."""
    from config.settings import settings_in_use

    settings = settings_in_use()
    return None if tenant in settings.malformed else QUOTAS[settings.tenant(tenant).graph.report_format]


def _say(
    facts: list[dict[str, Any]], shown: "Sequence[Standing]", standings: "Sequence[Standing]", today: "date"
) -> None:
    """The table, why tenants need someone and what to do, and all tenants in one line."""
    from activation_sync.core.runs.standing import totals_words
    from commands.support.console import print_table, say, say_error

    if facts:
        print_table("Tenants", [_row(one, today) for one in facts])
    for standing in shown:
        if standing.condition in SAID:
            say_error(f"{standing.tenant}: {standing.why} ({standing.remedy})")
    for one in facts:
        _say_pending(one)
    say(totals_words(standings))


def _say_pending(facts: dict[str, Any]) -> None:
    """What to do about updates that wait; nothing for a malformed tenant, of which the mistake is said."""
    from rich.markup import escape

    from activation_sync.core.runs.words import pending_words
    from commands.support.console import say
    from commands.support.typed import typed
    from config.settings import settings_in_use

    settings, tenant, last = settings_in_use(), facts["tenant"], facts["last_run"]
    if tenant in settings.malformed or not facts["pending"]:
        return
    is_offered = last.summary.delivery.is_offered if last and last.summary else True
    is_on = settings.tenant(tenant).write_back.enabled
    words = pending_words(facts["pending"], is_on, typed("sync", tenant), is_offered=is_offered)
    say(escape(f"{tenant}: {words}"), is_copied=True)


def _say_empty(tenant: str | None) -> None:
    from rich.markup import escape

    from activation_sync.core.runs.words import empty_words
    from commands.support.console import say
    from commands.support.typed import typed

    first = f"{tenant}: nothing has been reconciled yet; first: {typed('sync', tenant)}" if tenant else ""
    say(escape(first or empty_words(typed("sync"))), is_copied=True)


def _row(facts: dict[str, Any], today: "date") -> dict[str, str]:
    from activation_sync.core.runs.report_age import age_words

    last, newest_on = facts["last_run"], facts["newest_refreshed_on"]
    return {
        "tenant": facts["tenant"],
        "condition": facts["condition"].value,
        "since": str(facts["since"] or "-"),
        "last run (UTC)": f"{last.started_at:%Y-%m-%d %H:%M}" if last else "never",
        "newest report": age_words(newest_on, today) if newest_on else "-",
        "open": ", ".join(_open_ends(facts)) or "nothing",
        "quota left": f"about {facts['quota_left']} of {facts['quota']}" if facts["quota"] else "-",
    }


def _open_ends(facts: dict[str, Any]) -> "Iterator[str]":
    """What still waits for Graph or for a person; also restatements, for which nobody needs to do anything."""
    from activation_sync.core.phrases import rows_words

    if facts["pending"]:
        products = rows_words(facts["pending_products"], "product")
        yield f"{facts['pending']:,} pending ({products} on {rows_words(facts['pending_dates'], 'refresh date')})"
    for key, words in OPEN_ENDS.items():
        if facts[key]:
            yield f"{facts[key]:,} {words}" if words in NO_NOUNS else rows_words(facts[key], words)
