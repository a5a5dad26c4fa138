"""A warehouse with a past, written row by row, so that every figure shown of it is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from activation_sync.core.model import Decision
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.tables import (
    activation_platform_count,
    activation_user_count,
    detail_snapshot,
    loaded_user_detail,
    outbox,
    raw_report,
    reported_count,
    sync_base,
    sync_run,
)
from activation_sync.warehouse.ledger.chain import append_rows
from activation_sync.warehouse.runs.runs import SUMMARY

TENANT = "contoso"
APPS, VISIO, PROJECT = "MICROSOFT 365 APPS FOR ENTERPRISE", "VISIO PRO FOR OFFICE 365", "PROJECT ONLINE DESKTOP CLIENT"
HOSTILE_PRODUCTS = ("<SCRIPT>ALERT(1)</SCRIPT>", '"><IMG SRC=X ONERROR=ALERT(2)>', '=HYPERLINK("HTTP://EVIL.EXAMPLE")')
PRODUCTS = (APPS, VISIO, PROJECT, *HOSTILE_PRODUCTS)
HOSTILE_USERS = ("<script>alert(3)</script>@contoso.example", '"><img src=x onerror=alert(4)>', "=cmd|' /C calc'!A0")
NEWEST = date(2026, 11, 19)
AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DAYS = 60
MEASURES = ("assigned", "activated", "shared_computer_activation")


@dataclass
class History:
    """What to write. users: each product's, as principal name to whether they activated."""

    tenant: str = TENANT
    products: Sequence[str] = PRODUCTS
    days: int = DAYS
    users: Mapping[str, bool] = field(
        default_factory=lambda: (
            {f"user{n}@contoso.example": n % 4 > 0 for n in range(40)} | dict.fromkeys(HOSTILE_USERS, False)
        )
    )


def write_history(conn: Connection, history: History | None = None) -> None:
    """Counts of every day, a run every night, the newest user detail, and one of each open question."""
    history = history or History()
    conn.execute(insert(raw_report), [_landed(history, name, report) for name, report in _REPORTS.items()])
    conn.execute(insert(activation_user_count), list(_counts(history)))
    conn.execute(insert(sync_run), [_run(history, days) for days in range(history.days)])
    _write_detail(conn, history)
    _write_memory(conn, history)
    _write_open_questions(conn, history)


_REPORTS = {"detail": "user-detail", "platforms": "platform-counts", "counts": "user-counts", "again": "user-counts"}


def assigned(nth: int, days: int) -> int:
    """Assigned users of the nth product, `days` after the first."""
    return (1200, 340, 90, 60, 30, 12)[nth] + days * (3, 1, 0, 1, 0, 0)[nth]


def activated(nth: int, days: int) -> int:
    """The third product has more activated users than assigned ones."""
    return (700, 120, 95, 20, 30, 0)[nth] + days * (7, 2, 0, 0, 0, 0)[nth]


def _day(history: History, days: int) -> date:
    return NEWEST - timedelta(days=history.days - 1 - days)


def _id(history: History, name: str) -> str:
    return f"{history.tenant}/{name}"


def _landed(history: History, name: str, report: str) -> dict[str, Any]:
    at = AT + timedelta(hours=name == "again")
    return {
        "id": _id(history, name),
        "tenant": history.tenant,
        "report": report,
        "sha256": name,
        "size_bytes": 1,
        "path": name,
        "landed_at": at,
        "seen_at": at,
        "refreshed_on": NEWEST,
        "reconciled_at": at,
    }


def _counts(history: History) -> Iterator[dict[str, Any]]:
    for nth, product in enumerate(history.products):
        for days in range(history.days):
            counts = assigned(nth, days), activated(nth, days), nth
            key = {"tenant": history.tenant, "refreshed_on": _day(history, days), "product": product}
            yield {**key, **dict(zip(MEASURES, counts, strict=True)), "updated_at": AT, "updated_by": "job"}


def _run(history: History, days: int) -> dict[str, Any]:
    """Most nights end well; every tenth is held, the last is unsettled."""
    as_of, run_id = _day(history, days) + timedelta(days=2), f"{history.tenant}-{days}"
    outcome = Outcome.HELD if days % 10 == 5 else Outcome.UNSETTLED if days == history.days - 1 else Outcome.DONE
    error = (
        "12 of 30 rows would change, above the limit of 30 %; approve=0123456789ab" if outcome is Outcome.HELD else ""
    )
    delivery = Delivery(acknowledged=days % 7)
    planned = PlanView(history.tenant, written=days % 7, pushed=days % 7)
    summary = RunSummary(planned, run_id, as_of, outcome, delivery=delivery, error=error)
    started_at = datetime(as_of.year, as_of.month, as_of.day, 1, 30, tzinfo=UTC)
    return {
        "run_id": run_id,
        "tenant": history.tenant,
        "as_of": as_of,
        "who": "job",
        "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=95),
        "outcome": outcome.value,
        "refreshed_on": None if error else _day(history, days),
        "digest": "" if error else "d1",
        "summary": SUMMARY.dump_json(summary).decode(),
    }


def _write_detail(conn: Connection, history: History) -> None:
    common = {"raw_report_id": _id(history, "detail"), "tenant": history.tenant, "refreshed_on": NEWEST}
    rows = [
        {
            **common,
            "product": product,
            "user_principal_name": name,
            "display_name": f"{name} & Co",
            "windows": int(active),
        }
        for product in history.products
        for name, active in history.users.items()
    ]
    conn.execute(insert(loaded_user_detail), rows)
    conn.execute(insert(detail_snapshot), {"tenant": history.tenant, "raw_report_id": _id(history, "detail")})
    shown = {"tenant": history.tenant, "refreshed_on": NEWEST, "raw_report_id": _id(history, "platforms")}
    platforms = [
        {**shown, "product": product, "platform": platform, "activations": 10 * nth}
        for product in history.products
        for nth, platform in enumerate(("windows", "mac", "ios", "android", "windows_10_mobile"))
    ]
    conn.execute(insert(activation_platform_count), platforms)


def _write_memory(conn: Connection, history: History) -> None:
    """Graph's first word on the newest date is right but for the second product; its second restates the first."""
    last = history.days - 1
    for name, product, less in (("counts", 0, 10), ("again", 0, 0), ("counts", 1, 5), ("again", 1, 5)):
        counts = (assigned(product, last) - less, activated(product, last), product)
        said = {"raw_report_id": _id(history, name), "product": history.products[product], "refreshed_on": NEWEST}
        conn.execute(insert(reported_count), {**said, "product_type": "x", **dict(zip(MEASURES, counts, strict=True))})
    older = [
        {"tenant": history.tenant, "refreshed_on": row["refreshed_on"], "product": row["product"], "product_type": "x"}
        | {f"acknowledged_{measure}": row[measure] for measure in MEASURES}
        for row in _counts(history)
        if row["refreshed_on"] < NEWEST or row["product"] not in history.products[:2]
    ]
    conn.execute(insert(sync_base), older)


def _write_open_questions(conn: Connection, history: History) -> None:
    key = {"tenant": history.tenant, "refreshed_on": NEWEST, "product": history.products[0]}
    decision = {
        **key,
        "at": AT,
        "who": "job",
        "kind": LedgerKind.DECISION,
        "rule": Decision.PULL,
        "measure": "assigned",
    }
    nights = [
        {
            **decision,
            "run_id": f"{history.tenant}-{days}",
            "refreshed_on": _day(history, days),
            "published": 1,
            "settled": 4,
        }
        for days in range(0, history.days, 3)
    ]
    conflict = {"rule": Decision.CONFLICT, "agreed": 5, "observed": 6, "warehouse": 7}
    last = {**decision, **conflict, "run_id": f"{history.tenant}-{history.days - 1}"}
    append_rows(conn, history.tenant, [*nights, last])
    refusal = {"state": OutboxState.DEAD, "status": 400, "answer": f"Unknown product {HOSTILE_PRODUCTS[0]}"}
    dead = {
        **key,
        "run_id": "r",
        "product": history.products[-1],
        "product_type": "x",
        "created_at": AT,
        "updated_at": AT,
    }
    conn.execute(insert(outbox), {**dead, **refusal})


def _of_night(history: History, days: int) -> dict[str, Any]:
    return {"run_id": f"{history.tenant}-{days}", "refreshed_on": _day(history, days)}
