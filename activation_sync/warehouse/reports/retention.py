"""Which landed reports may go: old ones that nothing open needs. Their counts and their manifest rows stay."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, delete, exists, or_, select, update

from activation_sync.core.model import Decision
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.measures import has_counts
from activation_sync.warehouse.database.tables import (
    detail_snapshot,
    ledger,
    loaded_user_detail,
    outbox,
    raw_report,
    sync_base,
)
from activation_sync.warehouse.reports.manifest import LandedReport, landed_of

OPEN_STATES = (OutboxState.PENDING, OutboxState.DEAD)


def read_expiring(conn: Connection, tenant: str, before: datetime) -> list[LandedReport]:
    """Reports Graph gave last before a moment, without those that are still needed, oldest first.

    Needed are the report whose user detail people see; the newest of each kind, and the newest reconciled one; one
    that a held run may still be approved for; and every report of a refresh date with something open. A withdrawn one
    is needed by nothing else.
    """
    row = raw_report.c
    old = select(raw_report).where(row.tenant == tenant, row.expired_at.is_(None), row.seen_at < before)
    is_shown = exists().where(detail_snapshot.c.raw_report_id == row.id)
    is_overtaken = or_(row.withdrawn_at.is_not(None), and_(_has_later(), _has_later_reconciled()))
    found = conn.execute(old.where(~is_shown, is_overtaken).order_by(row.seen_at, row.id))
    needed = _open_dates(conn, tenant)
    return [landed for landed in map(landed_of, found) if landed.refreshed_on not in needed]


def record_expired(conn: Connection, landed_ids: Sequence[str], at: datetime) -> None:
    """Note that the bytes of these reports are gone; user detail that was loaded from them goes too."""
    row = raw_report.c
    conn.execute(delete(loaded_user_detail).where(loaded_user_detail.c.raw_report_id.in_(landed_ids)))
    conn.execute(update(raw_report).where(row.id.in_(landed_ids)).values(expired_at=at, loaded_at=None))


def read_kept_paths(conn: Connection, tenant: str) -> frozenset[str]:
    """Where the bytes of every report lie that has not expired."""
    row = raw_report.c
    kept = select(row.path).where(row.tenant == tenant, row.expired_at.is_(None))
    return frozenset(conn.scalars(kept))


def _has_later() -> ColumnElement[bool]:
    """Another one of this kind was given later, so this is not the newest; rejected and withdrawn ones do not count."""
    later = raw_report.alias("later")
    return exists().where(_is_later(later), later.c.rejected.is_(None), later.c.withdrawn_at.is_(None))


def _has_later_reconciled() -> ColumnElement[bool]:
    """A later report of this kind was reconciled: no plan that this one was held for can be approved any more."""
    later = raw_report.alias("reconciled")
    return exists().where(_is_later(later), later.c.reconciled_at.is_not(None))


def _is_later(other: FromClause) -> ColumnElement[bool]:
    row = raw_report.c
    is_same_kind = and_(other.c.tenant == row.tenant, other.c.report == row.report)
    is_after = or_(other.c.seen_at > row.seen_at, and_(other.c.seen_at == row.seen_at, other.c.id > row.id))
    return and_(is_same_kind, is_after)


def _open_dates(conn: Connection, tenant: str) -> frozenset[date]:
    """Refresh dates with an update on its way, a dead letter, a key in doubt, or a conflict that was never decided."""
    base, row = sync_base.c, outbox.c
    doubtful = select(base.refreshed_on).where(base.tenant == tenant, base.in_doubt, has_counts(sync_base, "agreed_"))
    unsent = select(row.refreshed_on).where(row.tenant == tenant, row.state.in_(OPEN_STATES))
    dates = conn.scalars(doubtful.union(unsent, _conflict_dates(tenant)))
    return frozenset(dates)


def _conflict_dates(tenant: str) -> Select[Any]:
    """Of keys about which nothing was decided after they were held."""
    held, later = ledger, ledger.alias("later")
    is_decided = exists().where(
        later.c.tenant == held.c.tenant,
        later.c.product == held.c.product,
        later.c.refreshed_on == held.c.refreshed_on,
        later.c.kind == LedgerKind.DECISION,
        later.c.id > held.c.id,
        or_(later.c.run_id != held.c.run_id, later.c.at != held.c.at),
    )
    return select(held.c.refreshed_on).where(held.c.tenant == tenant, held.c.rule == Decision.CONFLICT, ~is_decided)
