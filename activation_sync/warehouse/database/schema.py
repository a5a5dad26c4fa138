"""Which schema the warehouse has, and the way to ours."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from activation_sync.errors import SchemaVersionError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.failures import name_of, naming_failures
from activation_sync.warehouse.database.grants import grant_to_accounts

MIGRATIONS = Path(__file__).parents[1] / "migrations"
VERSION_TABLE, EARLIER_TABLE = "activation_sync_version", "alembic_version"  # the earlier name is any application's
OURS_FROM_THE_FIRST = {
    "raw_report",
    "activation_user_count",
    "sync_base",
    "outbox",
    "ledger",
    "sync_run",
    "tenant_lease",
}
MIGRATING = 7_260_305  # our PostgreSQL advisory lock; any number, as long as nobody else's


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema to this version, all of it or nothing; repeating is harmless.

    Returns the version it had (None: empty) and the one it has. Raises SchemaVersionError when it is newer than we, or
    the database is another application's.
    """
    with reading(engine) as conn:
        _refuse_newer(engine, _version(conn))
    _use_write_ahead_log(engine)
    with writing(engine) as conn:
        _let_nobody_else_migrate(conn)
        before = _version(conn)
        _refuse_newer(engine, before)
        _take_over(conn, before)
        command.upgrade(_config(conn), "head")
        if conn.dialect.name == "postgresql":
            grant_to_accounts(conn, VERSION_TABLE)
        return before, _newest()


def refuse_other_schema(engine: Engine) -> None:
    """Raise SchemaVersionError unless the warehouse has the schema this version was written for."""
    with reading(engine) as conn:
        version = _version(conn)
    _refuse_newer(engine, version)
    if version != _newest():
        raise SchemaVersionError(
            f"the warehouse {name_of(engine.url)} has schema {version or 'none'}, this application needs {_newest()}; "
            "run: activation-sync migrate"
        )


def _refuse_newer(engine: Engine, version: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if version is not None and version not in known:
        raise SchemaVersionError(
            f"the warehouse {name_of(engine.url)} has schema {version}, this application knows none after {_newest()}; "
            "upgrade the application (activation-sync migrate cannot go back)"
        )


def _version(conn: Connection) -> str | None:
    """Our schema's version, also where a warehouse still keeps it in the table of the earlier name."""
    present = set(inspect(conn).get_table_names())
    if VERSION_TABLE in present or EARLIER_TABLE not in present:
        return MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE}).get_current_revision()
    heads = MigrationContext.configure(conn).get_current_heads()
    if len(heads) != 1 or not present >= OURS_FROM_THE_FIRST:
        raise SchemaVersionError(
            f"the database {name_of(conn.engine.url)} has a table {EARLIER_TABLE} and not the tables of a warehouse: "
            "this table is another application's; give the warehouse a database of its own"
        )
    return heads[0]


def _take_over(conn: Connection, version: str | None) -> None:
    """From now on the version stands in the table of our own name, and the other one is gone."""
    if version is not None and VERSION_TABLE not in inspect(conn).get_table_names():
        command.stamp(_config(conn), version)
        conn.execute(text(f"DROP TABLE {EARLIER_TABLE}"))


def _newest() -> str:
    head = _scripts().get_current_head()
    assert head is not None, "the migrations lie beside this file"
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(conn: Connection | None = None) -> Config:
    config = Config(attributes={"connection": conn, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _use_write_ahead_log(engine: Engine) -> None:
    """Readers and the writer of a SQLite file then do not wait for each other. Remembered by the file itself."""
    if engine.dialect.name == "sqlite":
        with naming_failures(engine.url):
            connection = engine.raw_connection()  # not in a transaction, where it would be refused
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()


def _let_nobody_else_migrate(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
