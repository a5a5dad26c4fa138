"""Where a tenant stands."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from activation_sync.core.reports.catalogue import PUBLISHED
from activation_sync.core.runs.outcome import RunKind
from activation_sync.warehouse.database.kinds import OutboxState, Source
from activation_sync.warehouse.database.measures import has_counts
from activation_sync.warehouse.database.tables import outbox, raw_report, sync_base, sync_run
from activation_sync.warehouse.delivery.outbox import count_by_state
from activation_sync.warehouse.runs.runs import RunRecord, read_last_run

QUOTA_WINDOW = timedelta(minutes=10)  # in which Graph counts the requests for a report


@dataclass(frozen=True, slots=True)
class WarehouseStatus:
    """Where a tenant stands, in rows unless said otherwise.

    newest_refreshed_on: of the reports loaded. in_doubt: keys whose last PATCH has no known outcome. restated:
    reports of which Microsoft gave different bytes for one refresh date. rejected: landed reports that could not be
    loaded. runs_lately: runs started in the ten minutes in which Graph counts requests. conflicts: open ones, which
    only a plan finds: 0 until somebody makes one. pending_products, pending_dates: how many those pending are of.
    """

    tenant: str
    last_run: RunRecord | None
    newest_refreshed_on: date | None
    pending: int
    dead: int
    in_doubt: int
    restated: int
    rejected: int
    runs_lately: int
    conflicts: int = 0
    pending_products: int = 0
    pending_dates: int = 0


def read_status(conn: Connection, tenant: str, *, at: datetime) -> WarehouseStatus:
    """The state of a tenant's warehouse at a moment."""
    report, states = raw_report.c, count_by_state(conn, tenant)
    started_lately = (
        sync_run.c.tenant == tenant,
        sync_run.c.kind == RunKind.SYNC.value,  # what people do asks Graph for no report
        sync_run.c.started_at > at - QUOTA_WINDOW,
    )
    products, dates = _pending_of(conn, tenant)
    return WarehouseStatus(
        tenant=tenant,
        last_run=read_last_run(conn, tenant),
        newest_refreshed_on=conn.scalar(
            select(func.max(report.refreshed_on)).where(report.tenant == tenant, report.withdrawn_at.is_(None))
        ),
        pending=states[OutboxState.PENDING],
        dead=states[OutboxState.DEAD],
        in_doubt=_count(conn, _in_doubt(tenant)),
        restated=_count(conn, _restated(tenant)),
        rejected=_count(conn, select(raw_report).where(report.tenant == tenant, report.rejected.is_not(None))),
        runs_lately=_count(conn, select(sync_run).where(*started_lately)),
        pending_products=products,
        pending_dates=dates,
    )


def _pending_of(conn: Connection, tenant: str) -> tuple[int, int]:
    """Of how many products, and of how many refresh dates, updates are pending."""
    row = outbox.c
    distinct = select(func.count(row.product.distinct()), func.count(row.refreshed_on.distinct()))
    products, dates = conn.execute(distinct.where(row.tenant == tenant, row.state == OutboxState.PENDING.value)).one()
    return products, dates


def _in_doubt(tenant: str) -> Select[Any]:
    """Of what a withdrawn report left behind nothing can be sent again, so its doubt is nobody's to end."""
    base = sync_base.c
    return select(sync_base).where(base.tenant == tenant, base.in_doubt, has_counts(sync_base, "agreed_"))


def _restated(tenant: str) -> Select[Any]:
    """Usage data only: the user counts report also moves when it follows a PATCH of ours."""
    report = raw_report.c
    of_usage = (report.tenant == tenant, report.source == Source.GRAPH, report.report != PUBLISHED)
    return (
        select(report.report, report.refreshed_on)
        .where(*of_usage, report.refreshed_on.is_not(None), report.withdrawn_at.is_(None))
        .group_by(report.report, report.refreshed_on)
        .having(func.count() > 1)
    )


def _count(conn: Connection, rows: Select[Any]) -> int:
    return conn.scalar(select(func.count()).select_from(rows.subquery())) or 0
