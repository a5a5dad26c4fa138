"""A warehouse with a past of which every figure is known. Reports and runs come in by the doors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from activation_sync.core.model import CountRow, Counts, Decision, DetailRow, PlatformRow, Report
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.tables import activation_user_count, outbox, sync_base
from activation_sync.warehouse.ledger.chain import append_rows
from activation_sync.warehouse.reports.detail import replace_detail
from activation_sync.warehouse.reports.loading import load_platforms, replace_reported
from activation_sync.warehouse.reports.manifest import (
    LandedReport,
    read_landed,
    record_landed,
    record_loaded,
    record_reconciled,
)
from activation_sync.warehouse.reports.snapshots import show_platforms, show_snapshot
from activation_sync.warehouse.runs.runs import record_run, record_run_started

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
    conn.execute(insert(activation_user_count), list(_counts(history)))
    for days in range(history.days):
        _write_run(conn, history, days)
    _write_detail(conn, history)
    _write_platforms(conn, history)
    _write_memory(conn, history)
    _write_open_questions(conn, history)


def assigned(nth: int, days: int) -> int:
    """Assigned users of the nth product, `days` after the first."""
    return (1200, 340, 90, 60, 30, 12)[nth] + days * (3, 1, 0, 1, 0, 0)[nth]


def activated(nth: int, days: int) -> int:
    """The third product has more activated users than assigned ones."""
    return (700, 120, 95, 20, 30, 0)[nth] + days * (7, 2, 0, 0, 0, 0)[nth]


def _day(history: History, days: int) -> date:
    return NEWEST - timedelta(days=history.days - 1 - days)


def _land(conn: Connection, history: History, report: Report, name: str, hours: int = 0) -> LandedReport:
    at = AT + timedelta(hours=hours)
    landed = LandedReport(history.tenant, report, name, 1, name, landed_at=at, seen_at=at)
    return record_landed(conn, landed)


def _reconcile(conn: Connection, landed: LandedReport) -> None:
    record_loaded(conn, landed, NEWEST, 1, landed.seen_at)
    record_reconciled(conn, [landed.id], landed.seen_at)


def _counts(history: History) -> Iterator[dict[str, Any]]:
    for nth, product in enumerate(history.products):
        for days in range(history.days):
            counts = assigned(nth, days), activated(nth, days), nth
            key = {"tenant": history.tenant, "refreshed_on": _day(history, days), "product": product}
            yield {**key, **dict(zip(MEASURES, counts, strict=True)), "updated_at": AT, "updated_by": "job"}


def _write_run(conn: Connection, history: History, days: int) -> None:
    """Most nights end well; every tenth is held, the last is unsettled."""
    as_of, run_id = _day(history, days) + timedelta(days=2), f"{history.tenant}-{days}"
    outcome = Outcome.HELD if days % 10 == 5 else Outcome.UNSETTLED if days == history.days - 1 else Outcome.DONE
    planned = PlanView(history.tenant, "d1", observed_on=_day(history, days), written=days % 7, pushed=days % 7)
    error = ""
    if outcome is Outcome.HELD:
        planned = replace(planned, digest="", observed_on=None)
        error = "12 of 30 rows would change, above the limit of 30 %; approve=0123456789ab"
    summary = RunSummary(planned, run_id, as_of, outcome, delivery=Delivery(acknowledged=days % 7), error=error)
    started_at = datetime(as_of.year, as_of.month, as_of.day, 1, 30, tzinfo=UTC)
    record_run_started(conn, history.tenant, as_of, Stamp(run_id, "job", started_at))
    record_run(conn, summary, at=started_at + timedelta(seconds=95))


def _write_detail(conn: Connection, history: History) -> None:
    landed = _land(conn, history, Report.USER_DETAIL, "detail")
    rows = [
        DetailRow(NEWEST, name, f"{name} & Co", product, None, int(active), None, None, None, None, None)
        for product in history.products
        for name, active in history.users.items()
    ]
    replace_detail(conn, landed, rows)
    show_snapshot(conn, landed)
    _reconcile(conn, landed)


def _write_platforms(conn: Connection, history: History) -> None:
    landed = _land(conn, history, Report.PLATFORM_COUNTS, "platforms")
    rows = [
        PlatformRow(NEWEST, product, windows=0, mac=10, ios=20, android=30, windows_10_mobile=40)
        for product in history.products
    ]
    load_platforms(conn, landed, rows, landed.seen_at)
    show_platforms(conn, read_landed(conn, landed.id))
    _reconcile(conn, landed)


def _write_memory(conn: Connection, history: History) -> None:
    """Graph's first word on the newest date is right but for the second product; its second restates the first."""
    last, (first, second) = history.days - 1, history.products[:2]
    for name, hours, lag in (("counts", 0, (10, 5)), ("again", 1, (0, 5))):
        landed = _land(conn, history, Report.USER_COUNTS, name, hours)
        rows = [
            CountRow(NEWEST, product, "x", Counts(assigned(nth, last) - lag[nth], activated(nth, last), nth))
            for nth, product in enumerate((first, second))
        ]
        replace_reported(conn, landed, rows)
        _reconcile(conn, landed)
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
