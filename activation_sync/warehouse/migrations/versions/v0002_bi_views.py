"""Views for BI tools, in plain SQL; `warehouse/VIEWS.md` says what each column means. Never edited once released.

Joins and correlated subqueries only, no groups and no windows: SQLite carries "of this tenant" into nothing else, and
what is asked of one tenant must not cost a walk through all of them.
"""

from collections.abc import Sequence

from alembic import op

revision = "0002"
down_revision = "0001"

MEASURES = ("assigned", "activated", "shared_computer_activation")
VIEWS = (
    *("bi_daily_count", "bi_month_end_count", "bi_run_health", "bi_nightly_drift"),
    *("bi_drift", "bi_restatement", "bi_open_conflict", "bi_open_dead_letter"),
)
ADOPTION_SHARE = "CAST(activated AS DOUBLE PRECISION) / NULLIF(assigned, 0)"
NEWEST_FIRST = "seen_at DESC, landed_at DESC, id DESC"


def upgrade() -> None:
    op.create_index("ix_sync_run_as_of", "sync_run", ["tenant", "as_of"])
    create_views(MEASURES)


def create_views(measures: Sequence[str]) -> None:
    """All the views over these measures; a version that adds a measure drops them, and calls this anew."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    create_daily_count(measures)
    create_month_end_count(measures, is_sqlite)
    create_run_health(is_sqlite)
    create_nightly_drift(measures)
    create_drift(measures)
    create_restatement(measures)
    create_open_conflict(measures)
    create_open_dead_letter(measures)


def drop_views() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")


def create_daily_count(measures: Sequence[str]) -> None:
    op.execute(
        f"CREATE VIEW bi_daily_count AS SELECT tenant, refreshed_on, product, {', '.join(measures)}, "  # noqa: S608  constants
        f"{ADOPTION_SHARE} AS adoption_share, updated_at, updated_by FROM activation_user_count"
    )


def create_month_end_count(measures: Sequence[str], is_sqlite: bool) -> None:
    month = "strftime('%Y-%m', refreshed_on)" if is_sqlite else "to_char(refreshed_on, 'YYYY-MM')"
    # the last day of a month is the day before the first of the next
    month_end = (
        "date(refreshed_on, 'start of month', '+1 month', '-1 day')"
        if is_sqlite
        else "CAST(date_trunc('month', CAST(refreshed_on AS TIMESTAMP)) + INTERVAL '1 month - 1 day' AS DATE)"
    )
    days = "CAST(julianday(month_end) - julianday({0}) AS INTEGER)" if is_sqlite else "month_end - {0}"
    last = (
        "(SELECT MAX(other.refreshed_on) FROM activation_user_count other "
        "WHERE other.tenant = counted.tenant AND other.refreshed_on <= month_end{0})"
    )
    dated = f"SELECT activation_user_count.*, {month} AS month, {month_end} AS month_end FROM activation_user_count"  # noqa: S608
    op.execute(
        "CREATE VIEW bi_month_end_count AS SELECT "  # noqa: S608  constants
        f"tenant, month, product, {', '.join(measures)}, {ADOPTION_SHARE} AS adoption_share, refreshed_on, "
        f"{last.format('')} AS tenant_refreshed_on, "
        f"{days.format('refreshed_on')} AS days_before_month_end, updated_at, updated_by, "
        # the plus keeps SQLite from walking the tenant's whole ledger in the order of its ids
        "(SELECT observed_id FROM ledger WHERE ledger.tenant = counted.tenant AND ledger.product = counted.product "
        "AND ledger.refreshed_on = counted.refreshed_on AND kind = 'decision' ORDER BY +ledger.id DESC LIMIT 1"
        f") AS observed_id FROM ({dated}) counted "
        f"WHERE refreshed_on = {last.format(' AND other.product = counted.product')}"
    )


def create_run_health(is_sqlite: bool) -> None:
    seconds = (
        "(julianday(ended_at) - julianday(started_at)) * 86400.0"
        if is_sqlite
        else "CAST(EXTRACT(EPOCH FROM ended_at - started_at) AS DOUBLE PRECISION)"
    )
    days = "CAST(julianday(as_of) - julianday(refreshed_on) AS INTEGER)" if is_sqlite else "as_of - refreshed_on"
    age = f"CASE WHEN refreshed_on > as_of THEN 0 ELSE {days} END"

    def said(path: str, kind: str = "BIGINT") -> str:
        if is_sqlite:
            return f"json_extract(summary, '$.{path}')"
        return f"CAST(CAST(summary AS JSONB) #>> '{{{path.replace('.', ',')}}}' AS {kind})"

    op.execute(
        "CREATE VIEW bi_run_health AS SELECT run_id, tenant, kind, as_of, who, reason, started_at, ended_at, "  # noqa: S608  constants
        f"{seconds} AS duration_s, {said('delivery.throttled_s', 'DOUBLE PRECISION')} AS throttled_s, outcome, "
        f"refreshed_on, {age} AS report_age_days, {said('is_stale', 'BOOLEAN')} AS is_stale, "
        f"{said('written')} AS written, {said('pushed')} AS pushed, "
        f"{said('delivery.acknowledged')} AS acknowledged, {said('delivery.pending')} AS pending, "
        f"{said('waiting')} AS waiting, {said('verification.confirmed')} AS read_back_equal, "
        f"{said('verification.different')} AS read_back_different, {said('conflicts')} AS conflicts, "
        f"{said('dead_letters')} AS dead_letters, {said('error', 'TEXT')} AS error FROM sync_run"
    )


def create_nightly_drift(measures: Sequence[str]) -> None:
    """A night's later syncs find again what an earlier one could not deliver, so the first that had a plan counts."""
    found = (
        "FROM ledger WHERE ledger.tenant = run.tenant AND ledger.run_id = run.run_id AND ledger.kind = 'decision' "
        "AND rule <> 'conflict' AND settled <> published"
    )
    sums = ", ".join(
        f"(SELECT CAST(COALESCE(SUM(ABS(settled - published)), 0) AS BIGINT) {found} AND measure = '{measure}') "
        f"AS {measure}_users"
        for measure in measures
    )
    op.execute(
        "CREATE VIEW bi_nightly_drift AS SELECT tenant, as_of, "  # noqa: S608  constants
        f"(SELECT COUNT(DISTINCT CAST(ledger.refreshed_on AS TEXT) || ' ' || product) {found}) AS rows_apart, {sums} "
        "FROM sync_run run WHERE kind = 'sync' AND digest <> '' AND NOT EXISTS (SELECT 1 FROM sync_run earlier "
        "WHERE earlier.tenant = run.tenant AND earlier.as_of = run.as_of AND earlier.kind = 'sync' "
        "AND earlier.digest <> '' AND (earlier.started_at, earlier.run_id) < (run.started_at, run.run_id))"
    )


def create_drift(measures: Sequence[str]) -> None:
    published = ", ".join(f"{published_now(measure)} AS published_{measure}" for measure in measures)
    ours = ", ".join(f"counted.{measure} AS warehouse_{measure}" for measure in measures)
    apart = " OR ".join(
        f"(warehouse_{measure} IS NOT NULL AND COALESCE(published_{measure}, -1) <> warehouse_{measure})"
        for measure in measures
    )
    unheard = " AND ".join(f"acknowledged_{measure} IS NULL" for measure in measures)
    shown = ", ".join(f"warehouse_{measure}, published_{measure}" for measure in measures)
    drifts = ", ".join(f"warehouse_{measure} - published_{measure} AS drift_{measure}" for measure in measures)
    newest = one_report("activation_user_count", "AND report.report = 'user-counts' AND reconciled_at IS NOT NULL")
    op.execute(
        "CREATE VIEW bi_drift AS SELECT "  # noqa: S608  constants
        "tenant, refreshed_on, product, CASE WHEN doubted = 1 THEN 'in doubt' WHEN unheard = 1 THEN 'unknown' "
        f"WHEN {apart} THEN 'apart' ELSE 'equal' END AS state, {shown}, {drifts} FROM ("
        f"SELECT counted.tenant, counted.refreshed_on, counted.product, {ours}, {published}, "
        "CASE WHEN base.in_doubt THEN 1 ELSE 0 END AS doubted, "
        f"CASE WHEN newest_id IS NULL AND {unheard} THEN 1 ELSE 0 END AS unheard FROM "
        f"(SELECT activation_user_count.*, {newest} AS newest_id FROM activation_user_count) counted "
        "LEFT JOIN sync_base base ON base.tenant = counted.tenant AND base.refreshed_on = counted.refreshed_on "
        "AND base.product = counted.product LEFT JOIN reported_count said "
        "ON said.raw_report_id = newest_id AND said.product = counted.product) sides"
    )


def one_report(of: str, which: str, order: str = NEWEST_FIRST) -> str:
    """The id of the first landed report, in this order, of the tenant and refresh date of a row."""
    return (
        f"(SELECT id FROM raw_report report WHERE report.tenant = {of}.tenant "  # noqa: S608  constants
        f"AND report.refreshed_on = {of}.refreshed_on {which} ORDER BY {order} LIMIT 1)"
    )


def published_now(measure: str) -> str:
    """What Graph acknowledged, until its report moves; then the report's; unknown while in doubt."""
    has_not_moved = f"COALESCE(said.{measure}, -1) = COALESCE(base.published_seen_{measure}, -1)"
    return (
        f"CASE WHEN base.in_doubt THEN NULL WHEN base.acknowledged_{measure} IS NOT NULL "
        f"AND (newest_id IS NULL OR {has_not_moved}) THEN base.acknowledged_{measure} ELSE said.{measure} END"
    )


def create_restatement(measures: Sequence[str]) -> None:
    shown = ", ".join(f"f.{measure} AS first_{measure}, n.{measure} AS newest_{measure}" for measure in measures)
    differs = " OR ".join(f"COALESCE(f.{measure}, -1) <> COALESCE(n.{measure}, -1)" for measure in measures)
    alike = "AND report.report = {0}.report AND report.rejected IS NULL"
    first, newest = one_report("a", alike.format("a"), "landed_at, id"), one_report("b", alike.format("b"))
    op.execute(
        "CREATE VIEW bi_restatement AS SELECT "  # noqa: S608  constants
        f"a.tenant, a.report, a.refreshed_on, named.product, {shown}, "
        "(SELECT COUNT(*) FROM raw_report report WHERE report.tenant = a.tenant "
        f"AND report.refreshed_on = a.refreshed_on {alike.format('a')}) AS versions, "
        "a.landed_at AS first_landed_at, b.landed_at AS newest_landed_at, "
        "b.reconciled_at AS newest_reconciled_at, a.id AS first_id, b.id AS newest_id FROM raw_report a "
        "JOIN raw_report b ON b.tenant = a.tenant AND b.report = a.report AND b.refreshed_on = a.refreshed_on "
        "AND b.id <> a.id JOIN reported_count named ON named.raw_report_id IN (a.id, b.id) "
        "LEFT JOIN reported_count f ON f.raw_report_id = a.id AND f.product = named.product "
        "LEFT JOIN reported_count n ON n.raw_report_id = b.id AND n.product = named.product "
        f"WHERE a.report IN ('user-counts', 'user-detail') AND a.id = {first} AND b.id = {newest} "
        # a product that both name is taken from the first
        f"AND (named.raw_report_id = a.id OR f.product IS NULL) AND ({differs})"
    )


def create_open_conflict(measures: Sequence[str]) -> None:
    """The last word on a measure was "conflict", and the warehouse is still not what was agreed.

    The second half finds what ended by itself: both sides went back, of which no run makes a note.
    """
    ours = " ".join(f"WHEN '{measure}' THEN counted.{measure}" for measure in measures)
    agreed = " ".join(f"WHEN '{measure}' THEN base.agreed_{measure}" for measure in measures)
    op.execute(
        "CREATE VIEW bi_open_conflict AS WITH last AS ("  # noqa: S608  constants
        "SELECT * FROM ledger WHERE kind = 'decision' AND rule = 'conflict' AND NOT EXISTS ("
        "SELECT 1 FROM ledger newer WHERE newer.tenant = ledger.tenant AND newer.product = ledger.product "
        "AND newer.refreshed_on = ledger.refreshed_on AND newer.measure = ledger.measure "
        "AND newer.kind = 'decision' AND newer.id > ledger.id)"
        "), sides AS ("
        f"SELECT last.tenant, last.refreshed_on, last.product, measure, CASE measure {agreed} END AS agreed, observed, "
        f"CASE measure {ours} END AS warehouse, published, run_id, last.at AS found_at FROM last "
        "JOIN activation_user_count counted ON counted.tenant = last.tenant "
        "AND counted.refreshed_on = last.refreshed_on AND counted.product = last.product "
        "LEFT JOIN sync_base base ON base.tenant = last.tenant "
        "AND base.refreshed_on = last.refreshed_on AND base.product = last.product) "
        "SELECT * FROM sides WHERE warehouse <> COALESCE(agreed, -1)"
    )


def create_open_dead_letter(measures: Sequence[str]) -> None:
    op.execute(
        "CREATE VIEW bi_open_dead_letter AS SELECT id AS outbox_id, tenant, refreshed_on, product, "  # noqa: S608
        f"{', '.join(measures)}, attempts, status, request_id, answer, created_at, updated_at AS refused_at "
        "FROM outbox WHERE state = 'dead'"
    )
