"""What there is to replay: landed reports of past refresh dates, and which of them still change anything."""

from collections.abc import Collection
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select

from activation_sync.core.model import Change, Plan
from activation_sync.core.reports.catalogue import COUNTED
from activation_sync.core.rule.decide import moves_memory
from activation_sync.core.runs.backfill import ReplayDay
from activation_sync.warehouse.database.tables import raw_report, reported_count
from activation_sync.warehouse.delivery.outbox import is_queued
from activation_sync.warehouse.reports.manifest import NEWEST_SEEN_FIRST, LandedReport, read_landed


def read_replay_days(conn: Connection, tenant: str, start: date, end: date) -> list[ReplayDay]:
    """The refresh dates of a window of which anything was landed, oldest first."""
    found = conn.execute(_newest_of_each(tenant, start, end)).all()
    return [_day(day, list(rows)) for day, rows in groupby(found, key=attrgetter("refreshed_on"))]


def read_unread(conn: Connection, tenant: str) -> list[LandedReport]:
    """Landed reports of which nobody knows yet, or no longer, what they say; not those rejected or withdrawn."""
    row = raw_report.c
    is_counted = exists().where(reported_count.c.raw_report_id == row.id)
    has_no_counts = and_(row.report.in_(COUNTED), ~is_counted)
    of_tenant = (row.tenant == tenant, row.rejected.is_(None), row.withdrawn_at.is_(None))
    unread = select(row.id).where(*of_tenant, or_(row.refreshed_on.is_(None), has_no_counts))
    return [read_landed(conn, landed_id) for landed_id in conn.scalars(unread.order_by(row.seen_at, row.id)).all()]


def are_reconciled(conn: Connection, landed_ids: Collection[str]) -> bool:
    """True when a plan made from each of these reports was applied."""
    row = raw_report.c
    is_open = exists().where(row.id.in_(landed_ids), row.reconciled_at.is_(None))
    return not conn.scalar(select(is_open))


def has_effect(conn: Connection, plan: Plan) -> bool:
    """False when applying this plan would leave everything as it is."""
    return any(map(_changes_us, plan.changes)) or not is_queued(conn, plan)


def _changes_us(change: Change) -> bool:
    """A conflict counts: it stays open, and is noted as often as it is met."""
    return change.is_conflict or change.is_written or moves_memory(change.state, change.settled)


def _newest_of_each(tenant: str, start: date, end: date) -> Select[Any]:
    row = raw_report.c
    alike = (row.report, row.refreshed_on)
    ranked = (
        select(
            row.id,
            *alike,
            func.row_number().over(partition_by=alike, order_by=NEWEST_SEEN_FIRST).label("rank"),
            func.count().over(partition_by=alike).label("landed"),
        )
        .where(row.tenant == tenant, row.refreshed_on.between(start, end))
        .where(row.rejected.is_(None), row.withdrawn_at.is_(None))
        .subquery()
    )
    newest = select(ranked).where(ranked.c.rank == 1)
    return newest.order_by(ranked.c.refreshed_on, ranked.c.report)


def _day(day: date, rows: list[Any]) -> ReplayDay:
    return ReplayDay(day, tuple(row.id for row in rows), max(row.landed for row in rows))
