"""Landed reports can be withdrawn, and corrections stand; the views follow. Never edited once released.

A restatement is Microsoft's: not a report that was withdrawn or that no run applied, and not the values that we sent
ourselves. A conflict about a correction that stands is open although the warehouse holds what was agreed. No report has
a negative age.
"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import Column

from activation_sync.warehouse.database.columns import UtcTimestamp
from activation_sync.warehouse.migrations.versions import v0002_bi_views

revision = "0003"
down_revision = "0002"

MEASURES = ("assigned", "activated", "shared_computer_activation")
NEWEST_FIRST = "seen_at DESC, landed_at DESC, id DESC"


def upgrade() -> None:
    op.add_column("raw_report", Column("withdrawn_at", UtcTimestamp))
    replace_views(MEASURES)


def create_views(measures: Sequence[str]) -> None:
    """All the views over these measures; a version that adds a measure drops them, and calls this anew."""
    v0002_bi_views.create_views(measures)
    replace_views(measures)


def replace_views(measures: Sequence[str]) -> None:
    for view in ("bi_restatement", "bi_open_conflict", "bi_run_health"):
        op.execute(f"DROP VIEW {view}")
    v0002_bi_views.create_run_health(op.get_context().dialect.name == "sqlite")  # 0002 has had negative ages
    create_restatement(measures)
    create_open_conflict(measures)


def create_open_conflict(measures: Sequence[str]) -> None:
    """The last decision on a measure was "conflict", and the two sides still differ.

    Either the warehouse is not what was agreed; or what was agreed is a person's value (not what was seen then), and
    the newest reconciled report of that date says another value than either. The rest ended by itself: a side went
    back, of which no run makes a note.
    """
    ours, agreed, seen, said = (
        " ".join(f"WHEN '{measure}' THEN {prefix}{measure}" for measure in measures)
        for prefix in ("counted.", "base.agreed_", "base.observed_seen_", "reported.")
    )
    newest = (
        "(SELECT id FROM raw_report report WHERE report.tenant = last.tenant "  # noqa: S608  constants
        "AND report.refreshed_on = last.refreshed_on AND report.reconciled_at IS NOT NULL "
        "AND report.report = (SELECT report FROM raw_report rests WHERE rests.id = last.observed_id) "
        f"ORDER BY {NEWEST_FIRST} LIMIT 1)"
    )
    op.execute(
        "CREATE VIEW bi_open_conflict AS WITH last AS ("  # noqa: S608  constants
        "SELECT * FROM ledger WHERE kind = 'decision' AND rule = 'conflict' AND NOT EXISTS ("
        "SELECT 1 FROM ledger newer WHERE newer.tenant = ledger.tenant AND newer.product = ledger.product "
        "AND newer.refreshed_on = ledger.refreshed_on AND newer.measure = ledger.measure "
        "AND newer.kind = 'decision' AND newer.id > ledger.id)"
        "), sides AS (SELECT last.tenant, last.refreshed_on, last.product, measure, "
        f"CASE measure {agreed} END AS agreed, observed, CASE measure {ours} END AS warehouse, "
        "published, run_id, last.at AS found_at, "
        f"CASE measure {seen} END AS seen, "
        f"(SELECT CASE measure {said} END FROM reported_count reported WHERE reported.product = last.product "
        f"AND reported.raw_report_id = {newest}) AS said FROM last "
        "JOIN activation_user_count counted ON counted.tenant = last.tenant "
        "AND counted.refreshed_on = last.refreshed_on AND counted.product = last.product "
        "LEFT JOIN sync_base base ON base.tenant = last.tenant "
        "AND base.refreshed_on = last.refreshed_on AND base.product = last.product) "
        "SELECT tenant, refreshed_on, product, measure, agreed, observed, warehouse, published, run_id, found_at "
        "FROM sides WHERE warehouse <> COALESCE(agreed, -1) "
        "OR (agreed <> COALESCE(seen, -1) AND said <> agreed AND said <> COALESCE(seen, -1))"
    )


def create_restatement(measures: Sequence[str]) -> None:
    shown = ", ".join(f"f.{measure} AS first_{measure}, n.{measure} AS newest_{measure}" for measure in measures)
    differs = " OR ".join(
        f"(COALESCE(f.{measure}, -1) <> COALESCE(n.{measure}, -1) AND NOT {was_sent(measure)})" for measure in measures
    )
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


def was_sent(measure: str) -> str:
    """Graph's newest word on a measure is what a PATCH of ours set."""
    return (
        "(a.report = 'user-counts' AND EXISTS (SELECT 1 FROM ledger past JOIN outbox sent ON sent.id = past.outbox_id "  # noqa: S608  constants
        "WHERE past.tenant = a.tenant AND past.product = named.product AND past.refreshed_on = a.refreshed_on "
        f"AND past.kind IN ('sent', 'answer') AND sent.{measure} = n.{measure}))"
    )


def alike(of: str) -> str:
    """The landed reports in force, applied by a run, of the kind, tenant and refresh date of a row."""
    return (
        f"FROM raw_report report WHERE report.tenant = {of}.tenant AND report.refreshed_on = {of}.refreshed_on "
        f"AND report.report = {of}.report AND report.withdrawn_at IS NULL AND report.reconciled_at IS NOT NULL"
    )
