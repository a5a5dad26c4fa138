"""Landed reports can be withdrawn; such a one is no restatement. Never edited once released."""

from alembic import op
from sqlalchemy import Column

from activation_sync.warehouse.database.columns import UtcTimestamp

revision = "0003"
down_revision = "0002"

MEASURES = ("assigned", "activated", "shared_computer_activation")
NEWEST_FIRST = "seen_at DESC, landed_at DESC, id DESC"


def upgrade() -> None:
    op.add_column("raw_report", Column("withdrawn_at", UtcTimestamp))
    op.execute("DROP VIEW bi_restatement")
    create_restatement()


def create_restatement() -> None:
    shown = ", ".join(f"f.{measure} AS first_{measure}, n.{measure} AS newest_{measure}" for measure in MEASURES)
    differs = " OR ".join(f"COALESCE(f.{measure}, -1) <> COALESCE(n.{measure}, -1)" for measure in MEASURES)
    op.execute(
        "CREATE VIEW bi_restatement AS SELECT "  # noqa: S608  constants
        f"a.tenant, a.report, a.refreshed_on, named.product, {shown}, "
        f"(SELECT COUNT(*) {alike('a')}) AS versions, "
        "a.landed_at AS first_landed_at, b.landed_at AS newest_landed_at, "
        "b.reconciled_at AS newest_reconciled_at, a.id AS first_id, b.id AS newest_id FROM raw_report a "
        "JOIN raw_report b ON b.tenant = a.tenant AND b.report = a.report AND b.refreshed_on = a.refreshed_on "
        "AND b.id <> a.id JOIN reported_count named ON named.raw_report_id IN (a.id, b.id) "
        "LEFT JOIN reported_count f ON f.raw_report_id = a.id AND f.product = named.product "
        "LEFT JOIN reported_count n ON n.raw_report_id = b.id AND n.product = named.product "
        "WHERE a.report IN ('user-counts', 'user-detail') "
        f"AND a.id = (SELECT id {alike('a')} ORDER BY landed_at, id LIMIT 1) "
        f"AND b.id = (SELECT id {alike('b')} ORDER BY {NEWEST_FIRST} LIMIT 1) "
        # a product that both name is taken from the first
        f"AND (named.raw_report_id = a.id OR f.product IS NULL) AND ({differs})"
    )


def alike(of: str) -> str:
    """The landed reports in force of the kind, tenant and refresh date of a row."""
    return (
        f"FROM raw_report report WHERE report.tenant = {of}.tenant AND report.refreshed_on = {of}.refreshed_on "
        f"AND report.report = {of}.report AND report.rejected IS NULL AND report.withdrawn_at IS NULL"
    )
