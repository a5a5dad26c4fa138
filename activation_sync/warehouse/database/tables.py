"""The tables as they are now; how they came to be is in `migrations`, and a test holds the two together."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    column,
    false,
    table,
    text,
)

from activation_sync.core.model import Measure
from activation_sync.warehouse.database.columns import BIG_ID, Editor, UtcNow, UtcTimestamp
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState, Source

IS_PENDING = text(f"state = '{OutboxState.PENDING}'")
PLATFORMS = ("windows", "mac", "windows_10_mobile", "ios", "android")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, CheckConstraint(f"{name} >= 0", name=name))


def _measures(prefix: str = "") -> list[Column[int]]:
    return [_count(f"{prefix}{measure}") for measure in Measure]


def _one_of(name: str, words: type[StrEnum]) -> str:
    return f"{name} IN {tuple(word.value for word in words)}"


def _landed(name: str = "raw_report_id", primary_key: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey("raw_report.id"), primary_key=primary_key, nullable=False)


# Landed reports: what Graph or a person gave us, when, and what became of it.
# seen_at: when these bytes were last given. refreshed_on, rows, loaded_at: known once loaded. rejected: why not.
# shown_at: when its platform counts or user detail last became what people see. expired_at: when its bytes went.
# withdrawn_at: when a person took it out of force.
raw_report = Table(
    "raw_report",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("sha256", Text, nullable=False),
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
    Column("reconciled_at", UtcTimestamp),
    Column("shown_at", UtcTimestamp),
    Column("expired_at", UtcTimestamp),
    Column("withdrawn_at", UtcTimestamp),
    Column("source", Text, nullable=False, server_default=text(f"'{Source.GRAPH}'")),
    CheckConstraint(_one_of("source", Source), name="source"),
    Index("ix_raw_report_refreshed_on", "tenant", "report", "refreshed_on"),
)

# What one landed report says of each product: as it stands in user counts, derived from user detail.
reported_count = Table(
    "reported_count",
    metadata,
    _landed(primary_key=True),
    Column("product", Text, primary_key=True),
    Column("refreshed_on", Date, nullable=False),
    Column("product_type", Text, nullable=False),
    *_measures(),
)

# THE table. People and other jobs correct it with plain SQL, so it needs no more than its natural columns, and
# refuses what SQLite would otherwise take: words for numbers, dates of another shape.
activation_user_count = Table(
    "activation_user_count",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("refreshed_on", Date, primary_key=True),
    Column("product", Text, primary_key=True),
    *_measures(),
    Column("updated_at", UtcTimestamp, nullable=False, server_default=UtcNow()),
    Column("updated_by", Text, nullable=False, server_default=Editor()),
    CheckConstraint("product = upper(trim(product)) AND product <> ''", name="product_upper_case"),
    CheckConstraint("refreshed_on IS date(refreshed_on)", name="iso_date").ddl_if(dialect="sqlite"),
    *(
        CheckConstraint(f"typeof({measure}) IN ('integer', 'null')", name=f"{measure}_type").ddl_if(dialect="sqlite")
        for measure in Measure
    ),
)

# What one landed report says of each product and platform.
reported_platform_count = Table(
    "reported_platform_count",
    metadata,
    _landed(primary_key=True),
    Column("product", Text, primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("refreshed_on", Date, nullable=False),
    _count("activations"),
)

activation_platform_count = Table(
    "activation_platform_count",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("refreshed_on", Date, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("platform", Text, primary_key=True),
    _count("activations"),
    _landed(),
)

# User detail as loaded. Two snapshots of a tenant at most, since it is personal data: the one people see, and the one
# that becomes it when its run is applied. The view `activation_user_detail` shows the former.
loaded_user_detail = Table(
    "loaded_user_detail",
    metadata,
    _landed(primary_key=True),
    Column("user_principal_name", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("refreshed_on", Date, nullable=False),
    Column("display_name", Text),
    Column("last_activated_on", Date),
    *(_count(platform) for platform in PLATFORMS),
    Column("activated_on_shared_computer", Boolean),
)

detail_snapshot = Table(
    "detail_snapshot",
    metadata,
    Column("tenant", Text, primary_key=True),
    _landed(),
)

activation_user_detail = table(
    "activation_user_detail", *(column(shown.name, shown.type) for shown in loaded_user_detail.columns)
)

# What we remember of each key between runs; `core/rule/decide.py` says when each moves.
sync_base = Table(
    "sync_base",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("refreshed_on", Date, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("product_type", Text, nullable=False),
    Column("graph_id", Text),
    Column("in_doubt", Boolean, nullable=False, server_default=false()),
    *(
        column
        for memory in ("agreed_", "observed_seen_", "acknowledged_", "published_seen_")
        for column in _measures(memory)
    ),
)

# published_*: what the counts report showed when the row was planned. answer: Graph's words, cut short.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("refreshed_on", Date, nullable=False),
    Column("product", Text, nullable=False),
    Column("product_type", Text, nullable=False),
    *_measures(),
    Column("graph_id", Text),
    *_measures("published_"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("updated_at", UtcTimestamp, nullable=False),
    Column("status", Integer),
    Column("request_id", Text),
    Column("answer", Text),
    CheckConstraint(_one_of("state", OutboxState), name="state"),
    CheckConstraint("length(answer) <= 200", name="answer"),
    Index("ix_outbox_key", "tenant", "refreshed_on", "product", "id"),
    Index(
        "ux_outbox_pending",
        *("tenant", "refreshed_on", "product"),
        unique=True,
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    ),
    sqlite_autoincrement=True,
)

# Append-only; triggers refuse the rest, and each row seals the one before it of its tenant (`chain`).
# It names outbox rows and landed reports without foreign keys: it outlives them.
# in_doubt: of the key, afterwards. written_at, written_by: of the warehouse row, as the run found it.
ledger = Table(
    "ledger",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("at", UtcTimestamp, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
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
    CheckConstraint(_one_of("kind", LedgerKind), name="kind"),
    CheckConstraint(f"kind = '{LedgerKind.PERSON}' OR (refreshed_on IS NOT NULL AND product IS NOT NULL)", name="key"),
    Index("ix_ledger_product", "tenant", "product", "refreshed_on"),
    Index("ix_ledger_run", "tenant", "run_id"),
    Index("ix_ledger_order", "tenant", "id"),
    Index("ux_ledger_prev_hash", "tenant", "prev_hash", unique=True),
    sqlite_autoincrement=True,
)

# reason: why a person started it; a nightly run has none. summary: the RunSummary, as JSON.
sync_run = Table(
    "sync_run",
    metadata,
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
    Index("ix_sync_run_started_at", "tenant", "started_at"),
    Index("ix_sync_run_as_of", "tenant", "as_of"),
)

# owner: '' once released. fencing_token only ever grows.
tenant_lease = Table(
    "tenant_lease",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("fencing_token", BigInteger, nullable=False),
    Column("expires_at", UtcTimestamp, nullable=False),
)
