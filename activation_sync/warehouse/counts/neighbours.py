"""What the counts of a refresh date are compared with: those settled for the date before it, and the nearest report."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from sqlalchemy import Connection, Select, func, or_, select

from activation_sync.core.model import Counts, DayCounts, Measure, Report
from activation_sync.core.reports.catalogue import PUBLISHED
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.tables import raw_report, reported_count, sync_base
from activation_sync.warehouse.reports.loading import ReportedCounts
from activation_sync.warehouse.reports.manifest import NEWEST_SEEN_FIRST

NEAR_DAYS = 3  # as far as the counts report is known to trail the user detail


def read_settled_before(
    conn: Connection, tenant: str, refreshed_on: date, counts_from: Report, as_reconciled: Collection[str] = ()
) -> DayCounts | None:
    """What was settled for the nearest earlier refresh date; None when this is the first.

    as_reconciled: reports that will have been reconciled by then, and what they say settled.
    """
    found = _settled_before(conn, tenant, refreshed_on)
    assumed = _assumed_before(conn, refreshed_on, counts_from, as_reconciled) if as_reconciled else None
    return max(filter(None, (found, assumed)), key=lambda day: day.refreshed_on, default=None)


def read_reported_near(
    conn: Connection,
    tenant: str,
    refreshed_on: date,
    given: Iterable[ReportedCounts],
    as_reconciled: Collection[str] = (),
) -> DayCounts | None:
    """What the counts report of this refresh date says, or else the nearest; None when there is none within three days.

    given: reports that stand in for those reconciled of their dates.
    """
    window = [refreshed_on + timedelta(days=days) for days in range(-NEAR_DAYS, NEAR_DAYS + 1)]
    found: dict[date, dict[str, Counts]] = defaultdict(dict)
    for row in conn.execute(newest_of_each_date(tenant, PUBLISHED, window, as_reconciled)).mappings():
        found[row["refreshed_on"]][row["product"]] = counts_of(row)
    for said in given:
        if said.report is PUBLISHED and said.refreshed_on in window:
            found[said.refreshed_on] = {row.product: row.counts for row in said.rows}
    nearest = min(found, key=lambda day: (abs(day - refreshed_on), day), default=None)
    return None if nearest is None else DayCounts(nearest, found[nearest])


def newest_of_each_date(
    tenant: str,
    report: Report,
    dates: Collection[date],
    as_reconciled: Collection[str] = (),
    without: Collection[str] = (),
) -> Select[tuple[object, ...]]:
    """What the newest reconciled report of each of these dates says. without: reports that count for nothing."""
    row = raw_report.c
    is_reconciled = or_(row.reconciled_at.is_not(None), row.id.in_(as_reconciled))
    ranked = (
        select(row.id, func.row_number().over(partition_by=row.refreshed_on, order_by=NEWEST_SEEN_FIRST).label("rank"))
        .where(row.tenant == tenant, row.report == report, row.refreshed_on.in_(dates), is_reconciled)
        .where(row.id.not_in(without))
        .subquery()
    )
    return select(reported_count).join(ranked, ranked.c.id == reported_count.c.raw_report_id).where(ranked.c.rank == 1)


def _settled_before(conn: Connection, tenant: str, refreshed_on: date) -> DayCounts | None:
    row = sync_base.c
    is_settled = or_(*(row[f"agreed_{measure}"].is_not(None) for measure in Measure))
    newest = select(func.max(row.refreshed_on)).where(row.tenant == tenant, row.refreshed_on < refreshed_on, is_settled)
    of_day = select(sync_base).where(row.tenant == tenant, row.refreshed_on == newest.scalar_subquery())
    rows = conn.execute(of_day).mappings().all()
    counts = {found["product"]: counts_of(found, "agreed_") for found in rows}
    return DayCounts(rows[0]["refreshed_on"], counts) if rows else None


def _assumed_before(
    conn: Connection, refreshed_on: date, counts_from: Report, as_reconciled: Collection[str]
) -> DayCounts | None:
    row = raw_report.c
    earlier = (row.id.in_(as_reconciled), row.report == counts_from, row.refreshed_on < refreshed_on)
    nearest = select(row.id).where(*earlier).order_by(row.refreshed_on.desc(), *NEWEST_SEEN_FIRST).limit(1)
    said = select(reported_count).where(reported_count.c.raw_report_id == nearest.scalar_subquery())
    rows = conn.execute(said).mappings().all()
    return DayCounts(rows[0]["refreshed_on"], {each["product"]: counts_of(each) for each in rows}) if rows else None
