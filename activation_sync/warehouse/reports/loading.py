"""Parsed reports into tables. Loading the same landed report again ends in the same rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from activation_sync.core.model import CountRow, PlatformRow, Report
from activation_sync.errors import ReportFormatError, ReportShrankError, WarehouseError
from activation_sync.warehouse.database.measures import counts_of, measures_of
from activation_sync.warehouse.database.tables import PLATFORMS, reported_count, reported_platform_count
from activation_sync.warehouse.reports.manifest import LandedReport, read_landed, record_loaded, rows_before


@dataclass(frozen=True, slots=True)
class ReportedCounts:
    """What one landed report says of each product.

    rows_total: rows of the report itself; of user detail one a user and product, of which `rows` are derived.
    """

    report: Report
    landed_id: str
    refreshed_on: date
    rows_total: int
    rows: tuple[CountRow, ...]


def load_counts(conn: Connection, landed: LandedReport, rows: Sequence[CountRow], at: datetime) -> LandedReport:
    """Load a user counts report; returns it as the manifest has it now. Raises ReportShrankError without rows."""
    refreshed_on = _refresh_date(conn, landed, rows)
    replace_reported(conn, landed, rows)
    return record_loaded(conn, landed, refreshed_on, len(rows), at)


def load_platforms(conn: Connection, landed: LandedReport, rows: Sequence[PlatformRow], at: datetime) -> LandedReport:
    """Load a platform counts report; returns it as the manifest has it now. Raises ReportShrankError without rows."""
    refreshed_on = _refresh_date(conn, landed, rows)
    replace_platforms(conn, landed, rows)
    return record_loaded(conn, landed, refreshed_on, len(rows), at)


def read_reported(conn: Connection, landed_id: str) -> ReportedCounts:
    """What a loaded user counts or user detail report says; WarehouseError when it is not loaded."""
    landed = read_landed(conn, landed_id)
    if landed.refreshed_on is None or landed.rows is None:
        raise WarehouseError(f"the landed report {landed_id} is not loaded; load it first (activation-sync sync)")
    of_report = select(reported_count).where(reported_count.c.raw_report_id == landed_id)
    rows = conn.execute(of_report.order_by(reported_count.c.product)).mappings()
    counts = (CountRow(row["refreshed_on"], row["product"], row["product_type"], counts_of(row)) for row in rows)
    return ReportedCounts(landed.report, landed_id, landed.refreshed_on, landed.rows, tuple(counts))


def replace_reported(conn: Connection, landed: LandedReport, rows: Iterable[CountRow]) -> None:
    """What this landed report says of each product, in place of what it was taken to say before."""
    conn.execute(delete(reported_count).where(reported_count.c.raw_report_id == landed.id))
    conn.execute(insert(reported_count), [_reported(landed, row) for row in rows])


def replace_platforms(conn: Connection, landed: LandedReport, rows: Iterable[PlatformRow]) -> None:
    """What this landed report says of each product and platform, in place of what it was taken to say before."""
    conn.execute(delete(reported_platform_count).where(reported_platform_count.c.raw_report_id == landed.id))
    conn.execute(insert(reported_platform_count), [values for row in rows for values in _by_platform(landed, row)])


def hold_if_empty(conn: Connection, landed: LandedReport, rows: int) -> None:
    """Raise ReportShrankError for a report of nothing but a header: it has not even a refresh date to plan for."""
    if rows == 0:
        before = rows_before(conn, landed.tenant, landed.report, landed.id, landed.refreshed_on)
        was = "" if before is None else f" (the one before it had {before:,})"
        raise ReportShrankError(
            f"the {landed.report} report has no rows{was}; its bytes are kept as {landed.path} and nothing else "
            "changed; sync again once Graph's report has rows"
        )


def _refresh_date(conn: Connection, landed: LandedReport, rows: Sequence[CountRow] | Sequence[PlatformRow]) -> date:
    hold_if_empty(conn, landed, len(rows))
    dates = sorted({row.refreshed_on for row in rows})
    if len(dates) > 1:
        raise ReportFormatError(
            f"the {landed.report} report has {len(dates)} refresh dates, {dates[0]} to {dates[-1]}, where one belongs; "
            "download it again"
        )
    return dates[0]


def _reported(landed: LandedReport, row: CountRow) -> dict[str, Any]:
    return {
        "raw_report_id": landed.id,
        "refreshed_on": row.refreshed_on,
        "product": row.product,
        "product_type": row.product_type,
        **measures_of(row.counts),
    }


def _by_platform(landed: LandedReport, row: PlatformRow) -> Iterator[dict[str, Any]]:
    for platform in PLATFORMS:
        yield {
            "raw_report_id": landed.id,
            "refreshed_on": row.refreshed_on,
            "product": row.product,
            "platform": platform,
            "activations": getattr(row, platform),
        }
