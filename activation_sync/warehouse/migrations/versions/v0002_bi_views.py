"""Views for BI tools, in plain SQL; `warehouse/VIEWS.md` says what each column means. Never edited once released."""

from alembic import op

revision = "0002"
down_revision = "0001"

MEASURES = ("assigned", "activated", "shared_computer_activation")
COUNTS = ", ".join(MEASURES)
ADOPTION_SHARE = "CAST(activated AS DOUBLE PRECISION) / NULLIF(assigned, 0)"
NEWEST_FIRST = "seen_at DESC, landed_at DESC, id DESC"


def upgrade() -> None:
    is_sqlite = op.get_context().dialect.name == "sqlite"
    create_daily_count()
    create_month_end_count(is_sqlite)
    create_run_health(is_sqlite)
    create_nightly_drift()
    create_drift()
    create_restatement()
    create_open_conflict()
    create_open_dead_letter()


def create_daily_count() -> None:
    op.execute(
        f"CREATE VIEW bi_daily_count AS SELECT tenant, refreshed_on, product, {COUNTS}, "  # noqa: S608  constants
        f"{ADOPTION_SHARE} AS adoption_share, updated_at, updated_by FROM activation_user_count"
    )


def create_month_end_count(is_sqlite: bool) -> None:
    month = "strftime('%Y-%m', refreshed_on)" if is_sqlite else "to_char(refreshed_on, 'YYYY-MM')"
    # the last day of a month is the day before the first of the next
    days_left = (
        "CAST(julianday(refreshed_on, 'start of month', '+1 month', '-1 day') - julianday(refreshed_on) AS INTEGER)"
        if is_sqlite
        else "CAST(date_trunc('month', refreshed_on) + INTERVAL '1 month - 1 day' AS DATE) - refreshed_on"
    )
    op.execute(
        "CREATE VIEW bi_month_end_count AS WITH dated AS ("  # noqa: S608  constants
        f"SELECT counted.*, {month} AS month, {days_left} AS days_before_month_end FROM activation_user_count counted"
        "), ranked AS ("
        "SELECT dated.*, MAX(refreshed_on) OVER (PARTITION BY tenant, month) AS tenant_refreshed_on, "
        "ROW_NUMBER() OVER (PARTITION BY tenant, month, product ORDER BY refreshed_on DESC) AS nth FROM dated) "
        f"SELECT tenant, month, product, {COUNTS}, {ADOPTION_SHARE} AS adoption_share, refreshed_on, "
        "tenant_refreshed_on, days_before_month_end, updated_at, updated_by, "
        "(SELECT observed_id FROM ledger WHERE ledger.tenant = ranked.tenant AND ledger.product = ranked.product "
        "AND ledger.refreshed_on = ranked.refreshed_on AND kind = 'decision' ORDER BY ledger.id DESC LIMIT 1"
        ") AS observed_id FROM ranked WHERE nth = 1"
    )


def create_run_health(is_sqlite: bool) -> None:
    seconds = (
        "(julianday(ended_at) - julianday(started_at)) * 86400.0"
        if is_sqlite
        else "CAST(EXTRACT(EPOCH FROM ended_at - started_at) AS DOUBLE PRECISION)"
    )
    age = "CAST(julianday(as_of) - julianday(refreshed_on) AS INTEGER)" if is_sqlite else "as_of - refreshed_on"

    def said(path: str, kind: str = "BIGINT") -> str:
        if is_sqlite:
            return f"json_extract(summary, '$.{path}')"
        return f"CAST(CAST(summary AS JSONB) #>> '{{{path.replace('.', ',')}}}' AS {kind})"

    op.execute(
        "CREATE VIEW bi_run_health AS SELECT run_id, tenant, kind, as_of, who, started_at, ended_at, "  # noqa: S608  constants
        f"{seconds} AS duration_s, {said('delivery.throttled_s', 'DOUBLE PRECISION')} AS throttled_s, outcome, "
        f"refreshed_on, {age} AS report_age_days, {said('is_stale', 'BOOLEAN')} AS is_stale, "
        f"{said('written')} AS written, {said('pushed')} AS pushed, "
        f"{said('delivery.acknowledged')} AS acknowledged, {said('delivery.pending')} AS pending, "
        f"{said('waiting')} AS waiting, {said('verification.confirmed')} AS read_back_equal, "
        f"{said('verification.different')} AS read_back_different, {said('conflicts')} AS conflicts, "
        f"{said('dead_letters')} AS dead_letters, {said('error', 'TEXT')} AS error FROM sync_run"
    )


def create_nightly_drift() -> None:
    """A night may have several runs that found the same drift: each row counts once, by the most a run found."""
    apart = ", ".join(
        f"MAX(CASE WHEN measure = '{measure}' THEN ABS(settled - published) END) AS {measure}" for measure in MEASURES
    )
    sums = ", ".join(f"COALESCE(SUM({measure}), 0) AS {measure}_users" for measure in MEASURES)
    op.execute(
        "CREATE VIEW bi_nightly_drift AS WITH apart AS ("  # noqa: S608  constants
        f"SELECT ledger.tenant, as_of, ledger.refreshed_on, product, {apart} FROM ledger "
        "JOIN sync_run ON sync_run.run_id = ledger.run_id "
        "WHERE ledger.kind = 'decision' AND sync_run.kind = 'sync' AND rule <> 'conflict' AND settled <> published "
        "GROUP BY ledger.tenant, as_of, ledger.refreshed_on, product"
        ") SELECT ended.tenant, ended.as_of, "
        "(SELECT COUNT(*) FROM apart WHERE apart.tenant = ended.tenant AND apart.as_of = ended.as_of) AS rows_apart, "
        f"{sums} FROM (SELECT DISTINCT tenant, as_of FROM sync_run WHERE digest <> '' AND kind = 'sync') ended "
        "LEFT JOIN apart ON apart.tenant = ended.tenant AND apart.as_of = ended.as_of "
        "GROUP BY ended.tenant, ended.as_of"
    )


def create_drift() -> None:
    published = ", ".join(f"{published_now(measure)} AS published_{measure}" for measure in MEASURES)
    ours = ", ".join(f"counted.{measure} AS warehouse_{measure}" for measure in MEASURES)
    apart = " OR ".join(
        f"(warehouse_{measure} IS NOT NULL AND COALESCE(published_{measure}, -1) <> warehouse_{measure})"
        for measure in MEASURES
    )
    unheard = " AND ".join(f"acknowledged_{measure} IS NULL" for measure in MEASURES)
    shown = ", ".join(f"warehouse_{measure}, published_{measure}" for measure in MEASURES)
    drifts = ", ".join(f"warehouse_{measure} - published_{measure} AS drift_{measure}" for measure in MEASURES)
    op.execute(
        "CREATE VIEW bi_drift AS WITH newest AS ("  # noqa: S608  constants
        "SELECT id, tenant, refreshed_on, ROW_NUMBER() OVER "
        f"(PARTITION BY tenant, refreshed_on ORDER BY {NEWEST_FIRST}) AS nth FROM raw_report "
        "WHERE report = 'user-counts' AND reconciled_at IS NOT NULL"
        "), sides AS ("
        f"SELECT counted.tenant, counted.refreshed_on, counted.product, {ours}, {published}, "
        f"CASE WHEN base.in_doubt THEN 1 ELSE 0 END AS doubted, "
        f"CASE WHEN newest.id IS NULL AND {unheard} THEN 1 ELSE 0 END AS unheard FROM activation_user_count counted "
        "LEFT JOIN sync_base base ON base.tenant = counted.tenant AND base.refreshed_on = counted.refreshed_on "
        "AND base.product = counted.product LEFT JOIN newest ON newest.tenant = counted.tenant "
        "AND newest.refreshed_on = counted.refreshed_on AND newest.nth = 1 LEFT JOIN reported_count said "
        "ON said.raw_report_id = newest.id AND said.product = counted.product) "
        "SELECT tenant, refreshed_on, product, CASE WHEN doubted = 1 THEN 'in doubt' WHEN unheard = 1 THEN 'unknown' "
        f"WHEN {apart} THEN 'apart' ELSE 'equal' END AS state, {shown}, {drifts} FROM sides"
    )


def published_now(measure: str) -> str:
    """What Graph acknowledged, until its report moves; then the report's; unknown while in doubt."""
    has_not_moved = f"COALESCE(said.{measure}, -1) = COALESCE(base.published_seen_{measure}, -1)"
    return (
        f"CASE WHEN base.in_doubt THEN NULL WHEN base.acknowledged_{measure} IS NOT NULL "
        f"AND (newest.id IS NULL OR {has_not_moved}) THEN base.acknowledged_{measure} ELSE said.{measure} END"
    )


def create_restatement() -> None:
    shown = ", ".join(
        f"first.{measure} AS first_{measure}, newest.{measure} AS newest_{measure}" for measure in MEASURES
    )
    differs = " OR ".join(f"COALESCE(first.{measure}, -1) <> COALESCE(newest.{measure}, -1)" for measure in MEASURES)
    op.execute(
        "CREATE VIEW bi_restatement AS WITH version AS ("  # noqa: S608  constants
        "SELECT id, tenant, report, refreshed_on, landed_at, seen_at, reconciled_at, "
        "ROW_NUMBER() OVER (PARTITION BY tenant, report, refreshed_on ORDER BY landed_at, id) AS nth, "
        f"ROW_NUMBER() OVER (PARTITION BY tenant, report, refreshed_on ORDER BY {NEWEST_FIRST}) AS nth_last, "
        "COUNT(*) OVER (PARTITION BY tenant, report, refreshed_on) AS versions FROM raw_report "
        "WHERE refreshed_on IS NOT NULL AND rejected IS NULL AND report IN ('user-counts', 'user-detail')"
        "), pair AS ("
        "SELECT a.tenant, a.report, a.refreshed_on, a.versions, a.id AS first_id, b.id AS newest_id, "
        "a.landed_at AS first_landed_at, b.landed_at AS newest_landed_at, b.reconciled_at AS newest_reconciled_at "
        "FROM version a JOIN version b ON b.tenant = a.tenant AND b.report = a.report "
        "AND b.refreshed_on = a.refreshed_on WHERE a.nth = 1 AND b.nth_last = 1 AND a.id <> b.id"
        "), named AS ("
        "SELECT pair.*, product FROM pair JOIN reported_count ON raw_report_id = first_id UNION "
        "SELECT pair.*, product FROM pair JOIN reported_count ON raw_report_id = newest_id) "
        f"SELECT named.tenant, named.report, named.refreshed_on, named.product, {shown}, versions, first_landed_at, "
        "newest_landed_at, newest_reconciled_at, first_id, newest_id FROM named "
        "LEFT JOIN reported_count first ON first.raw_report_id = first_id AND first.product = named.product "
        "LEFT JOIN reported_count newest ON newest.raw_report_id = newest_id AND newest.product = named.product "
        f"WHERE {differs}"
    )


def create_open_conflict() -> None:
    """The last word on a measure was "conflict", and the warehouse is still not what was agreed.

    The second half finds what ended by itself: both sides went back, of which no run makes a note.
    """
    ours = " ".join(f"WHEN '{measure}' THEN counted.{measure}" for measure in MEASURES)
    agreed = " ".join(f"WHEN '{measure}' THEN base.agreed_{measure}" for measure in MEASURES)
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


def create_open_dead_letter() -> None:
    op.execute(
        "CREATE VIEW bi_open_dead_letter AS SELECT id AS outbox_id, tenant, refreshed_on, product, "  # noqa: S608
        f"{COUNTS}, attempts, status, request_id, answer, created_at, updated_at AS refused_at FROM outbox "
        "WHERE state = 'dead'"
    )
