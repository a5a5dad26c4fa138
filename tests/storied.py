"""A warehouse with a past, written row by row, so that every figure shown of it is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from activation_sync.core.run import Delivery, Outcome, RunSummary
from activation_sync.warehouse.chain import append_rows
from activation_sync.warehouse.runs import SUMMARY
from activation_sync.warehouse.tables import (
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
class Past:
    """What to write. users: each product's, as principal name to whether they activated."""

    tenant: str = TENANT
    products: Sequence[str] = PRODUCTS
    days: int = DAYS
    users: Mapping[str, bool] = field(
        default_factory=lambda: (
            {f"user{n}@contoso.example": n % 4 > 0 for n in range(40)} | dict.fromkeys(HOSTILE_USERS, False)
        )
    )


def write_past(conn: Connection, past: Past | None = None) -> None:
    """Counts of every day, a run every night, the newest user detail, and one of each open question."""
    past = past or Past()
    conn.execute(insert(raw_report), [_landed(past, name, report) for name, report in _REPORTS.items()])
    conn.execute(insert(activation_user_count), list(_counts(past)))
    conn.execute(insert(sync_run), [_run(past, days) for days in range(past.days)])
    _write_detail(conn, past)
    _write_memory(conn, past)
    _write_open_questions(conn, past)


_REPORTS = {"detail": "user-detail", "platforms": "platform-counts", "counts": "user-counts", "again": "user-counts"}


def assigned(nth: int, days: int) -> int:
    """Assigned users of the nth product, `days` after the first."""
    return (1200, 340, 90, 60, 30, 12)[nth] + days * (3, 1, 0, 1, 0, 0)[nth]


def activated(nth: int, days: int) -> int:
    """The third product has more activated users than assigned ones."""
    return (700, 120, 95, 20, 30, 0)[nth] + days * (7, 2, 0, 0, 0, 0)[nth]


def _day(past: Past, days: int) -> date:
    return NEWEST - timedelta(days=past.days - 1 - days)


def _id(past: Past, name: str) -> str:
    return f"{past.tenant}/{name}"


def _landed(past: Past, name: str, report: str) -> dict[str, Any]:
    at = AT + timedelta(hours=name == "again")
    return {
        "id": _id(past, name),
        "tenant": past.tenant,
        "report": report,
        "sha256": name,
        "size_bytes": 1,
        "path": name,
        "landed_at": at,
        "seen_at": at,
        "refreshed_on": NEWEST,
        "reconciled_at": at,
    }


def _counts(past: Past) -> Iterator[dict[str, Any]]:
    for nth, product in enumerate(past.products):
        for days in range(past.days):
            counts = assigned(nth, days), activated(nth, days), nth
            key = {"tenant": past.tenant, "refreshed_on": _day(past, days), "product": product}
            yield {**key, **dict(zip(MEASURES, counts, strict=True)), "updated_at": AT, "updated_by": "job"}


def _run(past: Past, days: int) -> dict[str, Any]:
    """Most nights end well; every tenth is held, the last is unsettled."""
    as_of, run_id = _day(past, days) + timedelta(days=2), f"{past.tenant}-{days}"
    outcome = Outcome.HELD if days % 10 == 5 else Outcome.UNSETTLED if days == past.days - 1 else Outcome.DONE
    error = (
        "12 of 30 rows would change, above the limit of 30 %; approve=0123456789ab" if outcome is Outcome.HELD else ""
    )
    delivery = Delivery(acknowledged=days % 7)
    summary = RunSummary(
        past.tenant, run_id, as_of, outcome, written=days % 7, pushed=days % 7, delivery=delivery, error=error
    )
    started_at = datetime(as_of.year, as_of.month, as_of.day, 1, 30, tzinfo=UTC)
    return {
        "run_id": run_id,
        "tenant": past.tenant,
        "as_of": as_of,
        "who": "job",
        "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=95),
        "outcome": outcome.value,
        "refreshed_on": None if error else _day(past, days),
        "digest": "" if error else "d1",
        "summary": SUMMARY.dump_json(summary).decode(),
    }


def _write_detail(conn: Connection, past: Past) -> None:
    common = {"raw_report_id": _id(past, "detail"), "tenant": past.tenant, "refreshed_on": NEWEST}
    rows = [
        {
            **common,
            "product": product,
            "user_principal_name": name,
            "display_name": f"{name} & Co",
            "windows": int(active),
        }
        for product in past.products
        for name, active in past.users.items()
    ]
    conn.execute(insert(loaded_user_detail), rows)
    conn.execute(insert(detail_snapshot), {"tenant": past.tenant, "raw_report_id": _id(past, "detail")})
    shown = {"tenant": past.tenant, "refreshed_on": NEWEST, "raw_report_id": _id(past, "platforms")}
    platforms = [
        {**shown, "product": product, "platform": platform, "activations": 10 * nth}
        for product in past.products
        for nth, platform in enumerate(("windows", "mac", "ios", "android", "windows_10_mobile"))
    ]
    conn.execute(insert(activation_platform_count), platforms)


def _write_memory(conn: Connection, past: Past) -> None:
    """Graph's first word on the newest date is right but for the second product; its second restates the first."""
    last = past.days - 1
    for name, product, less in (("counts", 0, 10), ("again", 0, 0), ("counts", 1, 5), ("again", 1, 5)):
        counts = (assigned(product, last) - less, activated(product, last), product)
        said = {"raw_report_id": _id(past, name), "product": past.products[product], "refreshed_on": NEWEST}
        conn.execute(insert(reported_count), {**said, "product_type": "x", **dict(zip(MEASURES, counts, strict=True))})
    older = [
        {"tenant": past.tenant, "refreshed_on": row["refreshed_on"], "product": row["product"], "product_type": "x"}
        | {f"acknowledged_{measure}": row[measure] for measure in MEASURES}
        for row in _counts(past)
        if row["refreshed_on"] < NEWEST or row["product"] not in past.products[:2]
    ]
    conn.execute(insert(sync_base), older)


def _write_open_questions(conn: Connection, past: Past) -> None:
    key = {"tenant": past.tenant, "refreshed_on": NEWEST, "product": past.products[0]}
    decision = {**key, "at": AT, "who": "job", "kind": "decision", "rule": "pull", "measure": "assigned"}
    nights = [
        {**decision, "run_id": f"{past.tenant}-{days}", "refreshed_on": _day(past, days), "published": 1, "settled": 4}
        for days in range(0, past.days, 3)
    ]
    conflict = {"rule": "conflict", "agreed": 5, "observed": 6, "warehouse": 7}
    last = {**decision, **conflict, "run_id": f"{past.tenant}-{past.days - 1}"}
    append_rows(conn, past.tenant, [*nights, last])
    refusal = {"state": "dead", "status": 400, "answer": f"Unknown product {HOSTILE_PRODUCTS[0]}"}
    dead = {**key, "run_id": "r", "product": past.products[-1], "product_type": "x", "created_at": AT, "updated_at": AT}
    conn.execute(insert(outbox), {**dead, **refusal})
