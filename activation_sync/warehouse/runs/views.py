"""Reading the views for BI; each gives rows of its class in `core/pages/bi_rows.py`, whose fields are its columns."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Select,
    TableClause,
    UnaryExpression,
    column,
    select,
    table,
)
from sqlalchemy.types import NULLTYPE, TypeEngine

from activation_sync.core.model import Measure
from activation_sync.core.pages.bi_rows import (
    CorrectedCount,
    DailyCount,
    Drift,
    MonthEndCount,
    NightlyDrift,
    OpenConflictRow,
    OpenDeadLetter,
    Restatement,
    RunHealth,
)
from activation_sync.warehouse.database.columns import UtcTimestamp
from activation_sync.warehouse.database.tables import sync_base

R = TypeVar("R")
KINDS: dict[Any, TypeEngine[Any]] = {  # what databases hold in forms of their own
    date: Date(),
    date | None: Date(),
    datetime: UtcTimestamp(),
    datetime | None: UtcTimestamp(),
    bool | None: Boolean(),
}


def _view(name: str, row_type: type[Any]) -> TableClause:
    return table(name, *(column(field.name, KINDS.get(field.type, NULLTYPE)) for field in fields(row_type)))


VIEWS: dict[type[Any], TableClause] = {
    DailyCount: _view("bi_daily_count", DailyCount),
    MonthEndCount: _view("bi_month_end_count", MonthEndCount),
    RunHealth: _view("bi_run_health", RunHealth),
    NightlyDrift: _view("bi_nightly_drift", NightlyDrift),
    Drift: _view("bi_drift", Drift),
    Restatement: _view("bi_restatement", Restatement),
    OpenConflictRow: _view("bi_open_conflict", OpenConflictRow),
    OpenDeadLetter: _view("bi_open_dead_letter", OpenDeadLetter),
}


def read_daily_counts(conn: Connection, tenant: str, dates: int, until: date = date.max) -> list[DailyCount]:
    """The newest refresh dates of a tenant, up to a date and itself included, oldest first."""
    row = VIEWS[DailyCount].c
    known = select(row.refreshed_on).where(row.tenant == tenant, row.refreshed_on <= until)
    newest = known.distinct().order_by(row.refreshed_on.desc())
    within = row.refreshed_on.in_(newest.limit(dates))
    return _read(conn, DailyCount, row.tenant == tenant, within, order=(row.refreshed_on, row.product))


def read_month_ends(conn: Connection, tenant: str, month: str | None = None) -> list[MonthEndCount]:
    """Every month of a tenant, oldest first, or one of them."""
    row = VIEWS[MonthEndCount].c
    which = [row.tenant == tenant, *([row.month == month] if month else [])]
    return _read(conn, MonthEndCount, *which, order=(row.month, row.product))


def read_run_health(conn: Connection, tenant: str, limit: int) -> list[RunHealth]:
    """The newest runs of a tenant, newest first."""
    row = VIEWS[RunHealth].c
    return _read(conn, RunHealth, row.tenant == tenant, order=(row.started_at.desc(), row.run_id), limit=limit)


def read_nightly_drift(conn: Connection, tenant: str, nights: int) -> list[NightlyDrift]:
    """The newest nights of a tenant that had a plan, oldest first."""
    row = VIEWS[NightlyDrift].c
    return _read(conn, NightlyDrift, row.tenant == tenant, order=(row.as_of.desc(),), limit=nights)[::-1]


def read_drift(conn: Connection, tenant: str, limit: int) -> list[Drift]:
    """Rows in which Graph is not known to hold what the warehouse holds, newest refresh date first."""
    row = VIEWS[Drift].c
    which = (row.tenant == tenant, row.state != "equal")
    return _read(conn, Drift, *which, order=(row.refreshed_on.desc(), row.product), limit=limit)


def read_corrected(conn: Connection, tenant: str, since: date) -> list[CorrectedCount]:
    """Where a person's value stands, of refresh dates from this one on: what was agreed is not what was seen."""
    row = sync_base.c
    return [
        CorrectedCount(refreshed_on, product, measure)
        for measure in Measure
        for refreshed_on, product in conn.execute(
            select(row.refreshed_on, row.product)
            .where(row.tenant == tenant, row.refreshed_on >= since)
            .where(row[f"agreed_{measure}"] != row[f"observed_seen_{measure}"])
            .order_by(row.refreshed_on, row.product)
        )
    ]


def read_restatements(conn: Connection, tenant: str, limit: int) -> list[Restatement]:
    """What Microsoft said otherwise later, newest refresh date first."""
    row = VIEWS[Restatement].c
    newest_first = (row.refreshed_on.desc(), row.report, row.product)
    return _read(conn, Restatement, row.tenant == tenant, order=newest_first, limit=limit)


def read_open_conflicts(conn: Connection, tenant: str, limit: int) -> list[OpenConflictRow]:
    """Conflicts that wait for a person, newest refresh date first."""
    row = VIEWS[OpenConflictRow].c
    newest_first = (row.refreshed_on.desc(), row.product, row.measure)
    return _read(conn, OpenConflictRow, row.tenant == tenant, order=newest_first, limit=limit)


def read_open_dead_letters(conn: Connection, tenant: str, limit: int) -> list[OpenDeadLetter]:
    """Updates that Graph refused for good, newest first."""
    row = VIEWS[OpenDeadLetter].c
    return _read(conn, OpenDeadLetter, row.tenant == tenant, order=(row.outbox_id.desc(),), limit=limit)


def _read(
    conn: Connection,
    row_type: type[R],
    *which: ColumnElement[bool],
    order: tuple[ColumnElement[Any] | UnaryExpression[Any], ...],
    limit: int | None = None,
) -> list[R]:
    rows: Select[Any] = select(VIEWS[row_type]).where(*which).order_by(*order).limit(limit)
    return [row_type(**row) for row in conn.execute(rows).mappings()]
