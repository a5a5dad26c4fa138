"""Connections and transactions, the same on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from activation_sync.clock import utc_now
from activation_sync.errors import WarehouseError
from activation_sync.warehouse.database.failures import name_of, naming_failures, read_url
from activation_sync.warehouse.database.fencing import Lease, extend_lease, refuse_lost_lease

CONNECT_TIMEOUT_S = 10
# What roles, databases and clients of a pooler may have set otherwise. Temporary tables come last: never for ours.
OUR_SESSION = {
    "search_path": "public, pg_temp",
    "DateStyle": "'ISO, YMD'",
    "TimeZone": "'UTC'",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
}
READS, WRITES = "ISOLATION LEVEL REPEATABLE READ, READ ONLY", "ISOLATION LEVEL READ COMMITTED, READ WRITE"
IDLE_TIMEOUT_S = 600  # after which the server ends a transaction that a stopped worker left open, locks and all


def open_engine(url: str, *, lock_timeout_s: float = 30) -> Engine:
    """An engine for the warehouse; nothing is connected yet.

    lock_timeout_s: how long to wait for another writer, or for a free connection, before WarehouseBusyError.
    A SQLite file's folder is made when missing; the file is its owner's only, as it holds personal data.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, lock_timeout_s)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed, lock_timeout_s)
    raise WarehouseError(f"a {parsed.get_backend_name()} warehouse is not supported; use sqlite or postgresql")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the warehouse throughout, and cannot write."""
    with naming_failures(engine.url), engine.connect() as conn:
        conn.execution_options(begin="BEGIN", query_only=True)
        with conn.begin():
            yield conn


@contextmanager
def writing(
    engine: Engine, lease: Lease | None = None, *, clock: Callable[[], datetime] = utc_now
) -> Iterator[Connection]:
    """One transaction, committed at the end; with a lease, only while that lease is ours.

    Raises LeaseLostError before the body runs when another run took the tenant over.
    """
    with naming_failures(engine.url), engine.connect() as conn:
        # SQLite lets a reader that turns writer fail at once; a writer must say so from the start
        conn.execution_options(begin="BEGIN IMMEDIATE")
        with conn.begin():
            if lease is not None:
                refuse_lost_lease(conn, lease)
            yield conn
            if lease is not None:
                extend_lease(conn, lease, clock())


def _open_sqlite(url: URL, lock_timeout_s: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise WarehouseError("a warehouse in memory is lost with the first connection; write sqlite:///path")
    if not url.database.startswith("file:"):
        _make_private_file(Path(url.database), name_of(url))
    engine = _create(url, lock_timeout_s, connect_args={"timeout": lock_timeout_s})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgres(url: URL, lock_timeout_s: float) -> Engine:
    """Between two transactions nothing of ours stays in a session: a pooler may give it to another client."""
    # of a database without an encoding (SQL_ASCII, where the server had no locale) psycopg would give bytes for text
    options = {"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8", "prepare_threshold": None}
    engine = _create(url, lock_timeout_s, pool_pre_ping=True, connect_args=options)
    settings = {
        **OUR_SESSION,
        "lock_timeout": f"{int(lock_timeout_s * 1000)}",
        "idle_in_transaction_session_timeout": f"{IDLE_TIMEOUT_S * 1000}",
    }
    set_all = "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items())

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        is_reading = conn.get_execution_options().get("query_only", False)
        conn.exec_driver_sql(f"SET TRANSACTION {READS if is_reading else WRITES}; {set_all}")

    return engine


def _create(url: URL, lock_timeout_s: float, **options: Any) -> Engine:
    try:
        # hide_parameters: what SQLAlchemy raises must not quote rows, which hold names
        return create_engine(url, hide_parameters=True, pool_timeout=lock_timeout_s, **options)
    except (ArgumentError, NoSuchModuleError):
        raise WarehouseError(f"the warehouse's URL names the driver {url.drivername}, which is not installed") from None


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Transactions are begun by `_begin_sqlite`, never by the driver, which would begin them late.

    `synchronous` stays FULL: the mark "in doubt" must be on disk before the PATCH leaves.
    """
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(conn: Connection) -> None:
    options = conn.get_execution_options()
    conn.exec_driver_sql(f"PRAGMA query_only = {int(options.get('query_only', False))}")
    conn.exec_driver_sql(options.get("begin", "BEGIN"))


def _make_private_file(path: Path, name: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise WarehouseError(
            f"the warehouse {name} cannot be made: {error.strerror}; make its folder, or fix the warehouse's URL"
        ) from None
