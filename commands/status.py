"""`activation-sync status`: the condition of each tenant."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from activation_sync.core.runs.standing import Standing
    from activation_sync.warehouse.runs.status import WarehouseStatus
    from config.settings import TenantSettings

QUOTAS = {"csv": 14, "json": 100}  # requests in 10 minutes, application, tenant and report; graph/throttling-limits
SAID = ("failed", "lost", "held", "quarantined", "put-off")  # with the reason; what else is amiss stands in the table
OPEN_ENDS = {
    "pending": "pending",
    "in_doubt": "in doubt",
    "conflicts": "conflict",
    "dead": "dead letter",
    "rejected": "rejected",
    "restated": "restated",
}
NO_NOUNS = ("pending", "in doubt", "rejected", "restated")


def status(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Show each tenant: last run, condition and since when, age of the report, what is open, quota left."""
    from activation_sync.warehouse.database.engine import reading
    from commands.support.choosing import chosen_tenants, open_migrated_warehouse
    from commands.support.console import print_json, print_table
    from commands.support.exits import Exit
    from tasks.nights.standing import read_standing, read_standings
    from tasks.wiring import now

    tenants = chosen_tenants(tenant)
    with reading(open_migrated_warehouse()) as connection:
        found = [read_standing(connection, one.name) for one in tenants]
        standings = read_standings(connection, [one.name for one in tenants], now().date())
    facts = [_facts(*each, now()) for each in zip(found, standings, tenants, strict=True)]
    if as_json:
        print_json(facts)
    else:
        print_table("Tenants", [_row(one, now().date()) for one in facts])
        _say_reasons(standings)
        _say_open_ends(facts, tenants)
    is_unsettled = any(one["dead"] or one["conflicts"] for one in facts)
    raise typer.Exit(Exit.UNSETTLED if is_unsettled else Exit.DONE)


def _facts(
    status: "WarehouseStatus", standing: "Standing", tenant: "TenantSettings", now: "datetime"
) -> dict[str, Any]:
    """All facts of a tenant, and what follows from them."""
    from dataclasses import fields

    from activation_sync.core.runs.report_age import report_age_days

    newest_on = status.newest_refreshed_on
    quota = QUOTAS[tenant.graph.report_format]
    return {field.name: getattr(status, field.name) for field in fields(status)} | {
        "condition": standing.condition,
        "since": standing.since,
        "why": standing.why,
        "remedy": standing.remedy,
        "report_age_days": report_age_days(newest_on, now.date()) if newest_on else None,
        "quota": quota,
        "quota_left": max(0, quota - status.runs_lately),
    }


def _row(facts: dict[str, Any], today: "date") -> dict[str, str]:
    from activation_sync.core.runs.report_age import age_words

    last, newest_on = facts["last_run"], facts["newest_refreshed_on"]
    return {
        "tenant": facts["tenant"],
        "last run (UTC)": f"{last.started_at:%Y-%m-%d %H:%M}" if last else "never",
        "outcome": _outcome(facts),
        "since": str(facts["since"] or "-"),
        "newest report": age_words(newest_on, today) if newest_on else "-",
        "open": _open_ends(facts),
        "quota left": f"{facts['quota_left']} of {facts['quota']}",
    }


def _outcome(facts: dict[str, Any]) -> str:
    """The outcome of the last run; `quarantined` for a tenant in quarantine."""
    last = facts["last_run"]
    outcome = (last.outcome or "running, or killed") if last else "-"
    return "quarantined" if facts["condition"] == "quarantined" else str(outcome)


def _open_ends(facts: dict[str, Any]) -> str:
    """What still waits for Graph or for a person; also restatements, for which nobody needs to do anything."""
    from activation_sync.core.phrases import rows_words

    found = [(facts[name], words) for name, words in OPEN_ENDS.items() if facts[name]]
    return ", ".join(f"{n:,} {words}" if words in NO_NOUNS else rows_words(n, words) for n, words in found) or "nothing"


def _say_open_ends(facts: "list[dict[str, Any]]", tenants: "Sequence[TenantSettings]") -> None:
    """What to do about updates that wait, and where nothing has run yet."""
    from rich.markup import escape

    from activation_sync.core.runs.words import empty_words, pending_words
    from commands.support.console import say
    from commands.support.typed import typed

    for one, tenant in zip(facts, tenants, strict=True):
        last, command = one["last_run"], typed("sync", tenant.name)
        is_offered = last.summary.delivery.is_offered if last and last.summary else True
        words = pending_words(one["pending"], tenant.write_back.enabled, command, is_offered=is_offered)
        if words := words or ("" if last else empty_words(command)):
            say(escape(f"{tenant.name}: {words}"), is_copied=True)


def _say_reasons(standings: "Sequence[Standing]") -> None:
    """Why tenants need attention, with the remedy."""
    from commands.support.console import say_error

    for standing in standings:
        if standing.condition in SAID:
            say_error(f"{standing.tenant}: {standing.why} ({standing.remedy})")
