"""What people see of reports beside counts: the newest user detail, and the platform counts of each refresh date."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, exists, insert, literal, select, update

from activation_sync.core.reports.catalogue import Keeps, kept_as
from activation_sync.warehouse.database.tables import (
    activation_platform_count,
    detail_snapshot,
    loaded_user_detail,
    raw_report,
    reported_platform_count,
)
from activation_sync.warehouse.database.upsert import insert_or_update
from activation_sync.warehouse.reports.manifest import LandedReport, read_landed


def read_snapshot(conn: Connection, tenant: str) -> LandedReport | None:
    """The report whose user detail people see; None before the first."""
    found = conn.scalar(select(detail_snapshot.c.raw_report_id).where(detail_snapshot.c.tenant == tenant))
    return None if found is None else read_landed(conn, found)


def drop_other_snapshots(conn: Connection, tenant: str, keep: Collection[str]) -> None:
    """Remove user detail that nobody will see. Should Graph give such a report again, it is loaded again."""
    report, row = raw_report.c, loaded_user_detail.c
    others = select(report.id).where(
        report.tenant == tenant, report.report.in_(kept_as(Keeps.SNAPSHOT)), report.id.not_in(keep)
    )
    dropped = conn.execute(delete(loaded_user_detail).where(row.raw_report_id.in_(others)))
    if dropped.rowcount:
        conn.execute(update(raw_report).where(report.id.in_(others)).values(loaded_at=None))


def show_platforms(conn: Connection, landed: LandedReport) -> None:
    """Make a platform counts report the word of its refresh date."""
    shown, said = activation_platform_count, reported_platform_count.c
    conn.execute(delete(shown).where(shown.c.tenant == landed.tenant, shown.c.refreshed_on == landed.refreshed_on))
    columns = ("tenant", "refreshed_on", "product", "platform", "activations", "raw_report_id")
    rows = select(
        literal(landed.tenant), said.refreshed_on, said.product, said.platform, said.activations, said.raw_report_id
    ).where(said.raw_report_id == landed.id)
    conn.execute(insert(shown).from_select(columns, rows))


def show_snapshot(conn: Connection, landed: LandedReport) -> bool:
    """Make a user detail report the one people see; False when its rows were not kept, as a newer one is shown."""
    is_kept = exists().where(loaded_user_detail.c.raw_report_id == landed.id)
    has_rows = bool(conn.scalar(select(is_kept)))
    if has_rows:
        swap = insert_or_update(conn, detail_snapshot, ["raw_report_id"])
        conn.execute(swap, [{"tenant": landed.tenant, "raw_report_id": landed.id}])
        drop_other_snapshots(conn, landed.tenant, keep=[landed.id])
    return has_rows
