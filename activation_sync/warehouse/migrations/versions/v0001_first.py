"""The first schema. Never edited once released: what changes later is a version of its own."""

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, ForeignKey, Integer, Text, false, text

from activation_sync.warehouse.database.columns import BIG_ID, SQLITE_EDITOR, SQLITE_NOW, Editor, UtcNow, UtcTimestamp

revision = "0001"
down_revision = None

MEASURES = ("assigned", "activated", "shared_computer_activation")


def upgrade() -> None:
    create_landed()
    create_counts()
    create_user_detail()
    create_memory()
    create_outbox()
    create_ledger()
    create_runs()
    if op.get_context().dialect.name == "sqlite":
        add_sqlite_triggers()
    else:
        add_postgres_triggers()


def count(name: str) -> Column[int]:
    return Column(name, BigInteger, CheckConstraint(f"{name} >= 0", name=name))


def measures(prefix: str = "") -> list[Column[int]]:
    return [count(prefix + measure) for measure in MEASURES]


def landed(primary_key: bool = False) -> Column[str]:
    return Column("raw_report_id", Text, ForeignKey("raw_report.id"), primary_key=primary_key, nullable=False)


def key() -> list[Column[Any]]:
    return [
        Column("tenant", Text, primary_key=True),
        Column("refreshed_on", Date, primary_key=True),
        Column("product", Text, primary_key=True),
    ]


def create_landed() -> None:
    op.create_table(
        "raw_report",
        Column("id", Text, primary_key=True),
        *(Column(name, Text, nullable=False) for name in ("tenant", "report", "sha256")),
        Column("size_bytes", BigInteger, nullable=False),
        Column("path", Text, nullable=False),
        Column("etag", Text),
        Column("request_id", Text),
        Column("landed_at", UtcTimestamp, nullable=False),
        Column("seen_at", UtcTimestamp, nullable=False),
        Column("refreshed_on", Date),
        Column("rows", BigInteger),
        Column("loaded_at", UtcTimestamp),
        Column("rejected", Text),
        *(Column(name, UtcTimestamp) for name in ("reconciled_at", "shown_at", "expired_at")),
        Column("source", Text, nullable=False, server_default=text("'graph'")),
        CheckConstraint("source IN ('graph', 'import')", name="source"),
    )
    op.create_index("ix_raw_report_refreshed_on", "raw_report", ["tenant", "report", "refreshed_on"])


def create_counts() -> None:
    op.create_table(
        "reported_count",
        landed(primary_key=True),
        Column("product", Text, primary_key=True),
        Column("refreshed_on", Date, nullable=False),
        Column("product_type", Text, nullable=False),
        *measures(),
    )
    op.create_table(
        "activation_user_count",
        *key(),
        *measures(),
        Column("updated_at", UtcTimestamp, nullable=False, server_default=UtcNow()),
        Column("updated_by", Text, nullable=False, server_default=Editor()),
        CheckConstraint("product = upper(trim(product)) AND product <> ''", name="product_upper_case"),
        CheckConstraint("refreshed_on IS date(refreshed_on)", name="iso_date").ddl_if(dialect="sqlite"),
        *(
            CheckConstraint(f"typeof({measure}) IN ('integer', 'null')", name=f"{measure}_type").ddl_if("sqlite")
            for measure in MEASURES
        ),
    )
    op.create_table(
        "reported_platform_count",
        landed(primary_key=True),
        *(Column(name, Text, primary_key=True) for name in ("product", "platform")),
        Column("refreshed_on", Date, nullable=False),
        count("activations"),
    )
    op.create_table(
        "activation_platform_count",
        *key(),
        Column("platform", Text, primary_key=True),
        count("activations"),
        landed(),
    )


def create_user_detail() -> None:
    op.create_table(
        "loaded_user_detail",
        landed(primary_key=True),
        *(Column(name, Text, primary_key=True) for name in ("user_principal_name", "product")),
        Column("tenant", Text, nullable=False),
        Column("refreshed_on", Date, nullable=False),
        Column("display_name", Text),
        Column("last_activated_on", Date),
        *(count(platform) for platform in ("windows", "mac", "windows_10_mobile", "ios", "android")),
        Column("activated_on_shared_computer", Boolean),
    )
    op.create_table("detail_snapshot", Column("tenant", Text, primary_key=True), landed())
    op.execute(
        "CREATE VIEW activation_user_detail AS SELECT loaded_user_detail.* FROM loaded_user_detail "
        "JOIN detail_snapshot ON detail_snapshot.raw_report_id = loaded_user_detail.raw_report_id"
    )


def create_memory() -> None:
    op.create_table(
        "sync_base",
        *key(),
        Column("product_type", Text, nullable=False),
        Column("graph_id", Text),
        Column("in_doubt", Boolean, nullable=False, server_default=false()),
        *measures("agreed_"),
        *measures("observed_seen_"),
        *measures("acknowledged_"),
        *measures("published_seen_"),
    )


def create_outbox() -> None:
    op.create_table(
        "outbox",
        Column("id", BIG_ID, primary_key=True),
        Column("tenant", Text, nullable=False),
        Column("run_id", Text, nullable=False),
        Column("refreshed_on", Date, nullable=False),
        Column("product", Text, nullable=False),
        Column("product_type", Text, nullable=False),
        *measures(),
        Column("graph_id", Text),
        *measures("published_"),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("created_at", UtcTimestamp, nullable=False),
        Column("updated_at", UtcTimestamp, nullable=False),
        Column("status", Integer),
        Column("request_id", Text),
        Column("answer", Text),
        CheckConstraint("state IN ('pending', 'acknowledged', 'superseded', 'dead')", name="state"),
        CheckConstraint("length(answer) <= 200", name="answer"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_key", "outbox", ["tenant", "refreshed_on", "product", "id"])
    pending = text("state = 'pending'")
    op.create_index(
        "ux_outbox_pending",
        "outbox",
        ["tenant", "refreshed_on", "product"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )


def create_ledger() -> None:
    op.create_table(
        "ledger",
        Column("id", BIG_ID, primary_key=True),
        Column("at", UtcTimestamp, nullable=False),
        *(Column(name, Text, nullable=False) for name in ("tenant", "run_id", "who", "kind")),
        Column("refreshed_on", Date),
        Column("product", Text),
        Column("measure", Text),
        *(Column(role, BigInteger) for role in ("agreed", "observed", "warehouse", "published")),
        Column("rule", Text),
        Column("settled", BigInteger),
        Column("outbox_id", BigInteger),
        Column("status", Integer),
        *(Column(name, Text) for name in ("request_id", "note", "observed_id", "published_id", "graph_id")),
        Column("in_doubt", Boolean),
        Column("written_at", UtcTimestamp),
        Column("written_by", Text),
        Column("prev_hash", Text, nullable=False),
        Column("hash", Text, nullable=False),
        CheckConstraint("kind IN ('decision', 'sent', 'answer', 'person')", name="kind"),
        CheckConstraint("kind = 'person' OR (refreshed_on IS NOT NULL AND product IS NOT NULL)", name="key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_product", "ledger", ["tenant", "product", "refreshed_on"])
    op.create_index("ix_ledger_run", "ledger", ["tenant", "run_id"])
    op.create_index("ix_ledger_order", "ledger", ["tenant", "id"])
    op.create_index("ux_ledger_prev_hash", "ledger", ["tenant", "prev_hash"], unique=True)


def create_runs() -> None:
    op.create_table(
        "sync_run",
        Column("run_id", Text, primary_key=True),
        Column("tenant", Text, nullable=False),
        Column("kind", Text, nullable=False, server_default=text("'sync'")),
        Column("as_of", Date, nullable=False),
        Column("who", Text, nullable=False),
        Column("reason", Text),
        Column("started_at", UtcTimestamp, nullable=False),
        Column("ended_at", UtcTimestamp),
        Column("outcome", Text),
        Column("refreshed_on", Date),
        Column("digest", Text),
        Column("summary", Text),
    )
    op.create_index("ix_sync_run_started_at", "sync_run", ["tenant", "started_at"])
    op.create_table(
        "tenant_lease",
        Column("tenant", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("fencing_token", BigInteger, nullable=False),
        Column("expires_at", UtcTimestamp, nullable=False),
    )


def add_sqlite_triggers() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER ledger_refuses_{verb.lower()} BEFORE {verb} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
    op.execute(  # "insert or replace" would delete without asking the trigger on DELETE
        "CREATE TRIGGER ledger_refuses_replace BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM ledger "
        "WHERE id = NEW.id OR (tenant = NEW.tenant AND prev_hash = NEW.prev_hash)) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER activation_user_count_edited AFTER UPDATE ON activation_user_count "  # noqa: S608  two constants
        "WHEN NEW.updated_at IS OLD.updated_at AND NEW.updated_by IS OLD.updated_by "
        f"BEGIN UPDATE activation_user_count SET updated_at = {SQLITE_NOW}, updated_by = {SQLITE_EDITOR} "
        "WHERE tenant = NEW.tenant AND refreshed_on = NEW.refreshed_on AND product = NEW.product; END"
    )


def add_postgres_triggers() -> None:
    op.execute(
        "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
    )
    op.execute(
        "CREATE FUNCTION activation_user_count_edited() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.updated_at := CURRENT_TIMESTAMP; NEW.updated_by := SESSION_USER; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER activation_user_count_edited BEFORE UPDATE ON activation_user_count FOR EACH ROW "
        "WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at AND NEW.updated_by IS NOT DISTINCT FROM "
        "OLD.updated_by) EXECUTE FUNCTION activation_user_count_edited()"
    )
