"""What a database refuses is named with the remedy, and never with its own words."""

import sqlite3
import stat

import psycopg
import pytest
from sqlalchemy import text

from activation_sync.errors import WarehouseBusyError, WarehouseError
from activation_sync.warehouse.database.engine import open_engine, reading, writing
from activation_sync.warehouse.database.failures import failure_of, name_of, read_url
from activation_sync.warehouse.database.schema import migrate, refuse_other_schema
from tests.support.rows import by_hand


def connect(url):
    engine = open_engine(url)
    try:
        refuse_other_schema(engine)
    finally:
        engine.dispose()


@pytest.fixture
def sqlite_path(tmp_path):
    path = tmp_path / "new" / "folder" / "warehouse.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


def test_the_folder_of_a_sqlite_file_is_made_and_both_are_their_owners_only(sqlite_path):
    assert stat.S_IMODE(sqlite_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(sqlite_path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match=r"file/warehouse\.db cannot be made: .*make its folder"):
        open_engine(f"sqlite:///{tmp_path}/file/warehouse.db")


def test_a_read_only_sqlite_file_is_named_with_the_remedy(sqlite_path):
    engine = open_engine(f"sqlite:///file:{sqlite_path}?mode=ro&uri=true")
    with (
        pytest.raises(WarehouseError, match=r"warehouse\.db cannot be used: it is read-only; grant"),
        writing(engine) as c,
    ):
        by_hand(c)
    engine.dispose()


def fill(engine):
    with writing(engine) as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite's own way to be full
        for number in range(10_000):
            by_hand(conn, f"PRODUCT {number}")


def test_a_full_disk_is_named(sqlite_path):
    engine = open_engine(f"sqlite:///{sqlite_path}")
    with pytest.raises(WarehouseError, match="the disk is full; free space"):
        fill(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("Report Refresh Date,Product Type\n" * 100)
    with pytest.raises(WarehouseError, match="not a SQLite database"):
        connect(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("/postgres?", "/nowhere?", id="no-such-database"),
        pytest.param("//postgres:", "//nobody:", id="no-such-account"),
    ],
)
def test_what_postgresql_will_not_let_in_is_fatal(postgres_url, old, new):
    with pytest.raises(WarehouseError, match="no such database or account"):
        connect(postgres_url.replace(old, new))


def test_a_postgresql_that_does_not_answer_is_worth_another_try(tmp_path):
    with pytest.raises(WarehouseBusyError, match="does not answer"):
        connect(f"postgresql://sync:secret@/warehouse?host={tmp_path}")


def lose_connection(engine):
    with writing(engine) as conn, engine.connect() as other:
        own = conn.scalar(text("SELECT pg_backend_pid()"))
        other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        conn.execute(text("SELECT 1"))


def test_a_connection_that_the_server_ended_is_worth_another_try(postgres_url):
    engine = open_engine(postgres_url)
    with pytest.raises(WarehouseBusyError, match="stopping or starting"):
        lose_connection(engine)
    with reading(engine) as conn:
        assert conn.scalar(text("SELECT 1")) == 1
    engine.dispose()


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words of the database")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_NAME"
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.OperationalError('FATAL:  password authentication failed for user "sync"'), WarehouseError),
        (psycopg.OperationalError("FATAL:  no pg_hba.conf entry for host"), WarehouseError),
        (psycopg.OperationalError("connection is bad: Connection refused"), WarehouseBusyError),
        (psycopg.errors.SerializationFailure(), WarehouseBusyError),
        (psycopg.errors.DeadlockDetected(), WarehouseBusyError),
        (psycopg.errors.CannotConnectNow(), WarehouseBusyError),
        (psycopg.errors.TooManyConnections(), WarehouseBusyError),
        (psycopg.errors.DiskFull(), WarehouseError),
        (psycopg.errors.InsufficientPrivilege(), WarehouseError),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), WarehouseBusyError),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), WarehouseError),
        (psycopg.OperationalError("server does not support SSL, but SSL was required"), WarehouseError),
        (psycopg.OperationalError('root certificate file "/root.crt" does not exist'), WarehouseError),
        (psycopg.OperationalError("SSL error: certificate verify failed"), WarehouseError),
        (psycopg.errors.UndefinedTable(), WarehouseError),
        (psycopg.ProgrammingError("the driver's own"), None),
        (sqlite_error(sqlite3.SQLITE_ERROR), WarehouseError),
        (sqlite3.ProgrammingError("the driver's own"), None),
        (ValueError(), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else getattr(value, "__name__", "a-bug"),
)
def test_each_refusal_means_what_to_do(error, expected):
    failure = failure_of(error, "w")
    assert failure is expected if expected is None else type(failure) is expected
    assert "words" not in str(failure)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://sync:secret@db.contoso.example:5432/warehouse",
        "postgresql+psycopg://db.contoso.example/warehouse?user=sync&password=secret",
        "sqlite:///file:warehouse?mode=ro&uri=true&key=secret",
    ],
)
def test_a_warehouse_is_never_named_with_its_password(url):
    name = name_of(read_url(url))
    assert "warehouse" in name
    assert "secret" not in name
    assert "sync" not in name


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_warehouse_in_memory_is_refused(url):
    with pytest.raises(WarehouseError, match="in memory is lost"):
        open_engine(url)


@pytest.mark.parametrize("url", ["secret", "oracle://sync:secret@host/db", "postgresql+nodriver://sync:secret@host/db"])
def test_a_url_of_another_kind_is_refused_without_being_quoted(url):
    with pytest.raises(WarehouseError) as refusal:
        open_engine(url)
    assert "secret" not in str(refusal.value)
