"""What a database's refusal means for us: try again, or change something first.

The database's own words are never passed on: PostgreSQL quotes the row it refused, and rows hold names.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from activation_sync.errors import ActivationSyncError, WarehouseBusyError, WarehouseError

# SQLSTATE classes and codes; www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRES_BUSY = {
    "08": "the connection broke",
    "40001": "another transaction got in the way",
    "40P01": "two transactions waited for each other",
    "53": "the server is short of resources",
    "55P03": "another transaction holds the rows",
    "57": "the server is stopping or starting",
    "25P03": "the server ended an idle transaction",
}
POSTGRES_FATAL = {
    "0A000": "it does not support what was asked of it, as a standby refuses to write; connect to the primary server",
    "25006": "it is read-only; connect to the primary server, with an account that may write",
    "28": "it refused the account or its password; fix the credentials in the warehouse's URL",
    "3D000": "there is no such database; create it, or fix the warehouse's URL",
    "42501": "the account lacks a permission; grant it the schema and its tables",
    "53100": "its disk is full; free space there",
}
# libpq gives no SQLSTATE when a connection cannot be made, only words
CONNECT_FATAL = {
    "server does not support SSL": "it has no TLS, and sslmode in the warehouse's URL asks for it; set TLS up there, "
    "or write sslmode=prefer",
    "root certificate file": "the certificate to check it with is missing; write sslrootcert=FILE (or =system) "
    "into the warehouse's URL, beside sslmode",
    "certificate verify failed": "its certificate is not signed by whom sslrootcert names; fix one of them",
    "does not match host name": "its certificate is of another host; write that host into the warehouse's URL",
    "unsupported startup parameter": "a pooler refuses an option of the warehouse's URL; leave the option out",
    "invalid connection option": (no_option := "an option of the warehouse's URL does not exist; leave it out"),
    'value: "': no_option,
    "authentication failed": POSTGRES_FATAL["28"],
    "no password supplied": POSTGRES_FATAL["28"],
    "no pg_hba.conf entry": "it does not let this host or account in; allow it in pg_hba.conf",
    "no such database": POSTGRES_FATAL["3D000"],  # a pooler's words
    "no such user": POSTGRES_FATAL["28"],
    "does not exist": "there is no such database or account; create it, or fix the warehouse's URL",
}
# primary result codes; sqlite.org/rescode.html
SQLITE_BUSY = {
    sqlite3.SQLITE_BUSY: "another writer holds it",
    sqlite3.SQLITE_LOCKED: "another writer holds it",
    sqlite3.SQLITE_PROTOCOL: "too many readers and writers raced for it",
}
SQLITE_FATAL = {
    sqlite3.SQLITE_PERM: "this account may not use the file; grant it read and write on file and folder",
    sqlite3.SQLITE_READONLY: "it is read-only; grant this account write on file and folder",
    sqlite3.SQLITE_IOERR: "the disk failed or is full; check it, and the limits on file sizes",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it, or rebuild it from the landed reports",
    sqlite3.SQLITE_FULL: "the disk is full; free space there",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check its folder and permissions",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database; fix the warehouse's URL",
}


@contextmanager
def naming_failures(url: URL) -> Iterator[None]:
    """Raise the database's refusals as ours. What no database refused is a bug, and passes as it is."""
    try:
        yield
    except PoolTimeoutError:
        raise WarehouseBusyError(f"the warehouse {name_of(url)} is busy: every connection is in use") from None
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        known = failure_of(error, name_of(url))
        if known is None:
            raise
        raise known from None


def read_url(url: str) -> URL:
    """The warehouse's URL; PostgreSQL always means psycopg 3 here."""
    try:
        parsed = make_url(url)
    except ArgumentError:  # its message would quote the URL, password and all
        raise WarehouseError(
            "the warehouse's URL cannot be read; write sqlite:///path or postgresql://account:password@host/database"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def name_of(url: URL) -> str:
    """How messages call the warehouse: never with account, password or options."""
    where = f"{url.host or ''}:{url.port}" if url.port else url.host or ""
    return f"{url.get_backend_name()}://{where}/{(url.database or '').partition('?')[0]}"


def failure_of(error: BaseException | None, name: str) -> ActivationSyncError | None:
    """Our error for one of the database's; None when it is not the warehouse's fault.

    A full disk makes SQLite end the whole transaction, so that undoing a part of it fails too: the reason is then in
    the error before.
    """
    origins = list(_origins(error))
    known = (failure for origin in origins if (failure := _known(origin, name)))
    unknown = (failure for origin in origins if (failure := _unknown(origin, name)))
    return next(known, None) or next(unknown, None)


def _origins(error: BaseException | None) -> Iterator[BaseException]:
    """What the driver raised, from this error back through those during whose handling it came up."""
    while error is not None:
        yield getattr(error, "orig", None) or error
        error = error.__context__


def _known(origin: BaseException, name: str) -> ActivationSyncError | None:
    if isinstance(origin, sqlite3.Error):
        return _sqlite_failure(origin, name)
    if isinstance(origin, psycopg.Error):
        return _postgres_failure(origin, name)
    return None


def _unknown(origin: BaseException, name: str) -> WarehouseError | None:
    """Names of the schema may be shown; the database's words quote rows, and SQLAlchemy's the whole statement."""
    if isinstance(origin, sqlite3.Error) and hasattr(origin, "sqlite_errorname"):
        codes = [origin.sqlite_errorname]
    elif isinstance(origin, psycopg.Error) and origin.sqlstate is not None:
        diag = origin.diag
        where = (diag.schema_name, diag.table_name, diag.column_name, diag.constraint_name)
        codes = [f"SQLSTATE {origin.sqlstate}", *filter(None, where)]
    else:
        return None
    return WarehouseError(
        f"the warehouse {name} refused a statement ({', '.join(codes)}); if nobody changed its schema by hand, "
        "this is a mistake of ours: please tell us the code"
    )


def _sqlite_failure(error: sqlite3.Error, name: str) -> ActivationSyncError | None:
    if not hasattr(error, "sqlite_errorcode"):
        return None  # the driver's own
    code = error.sqlite_errorcode & 0xFF  # extended codes add to the primary one's low byte
    if code in SQLITE_BUSY:
        return _busy(name, SQLITE_BUSY[code])
    return _fatal(name, SQLITE_FATAL[code]) if code in SQLITE_FATAL else None


def _postgres_failure(error: psycopg.Error, name: str) -> ActivationSyncError | None:
    state = error.sqlstate
    if state is None:
        return _connection_failure(error, name) if isinstance(error, psycopg.OperationalError) else None
    for code in (state, state[:2]):  # the code before its class: 53100 is fatal though 53 is not
        if code in POSTGRES_FATAL:
            return _fatal(name, POSTGRES_FATAL[code])
        if code in POSTGRES_BUSY:
            return _busy(name, POSTGRES_BUSY[code])
    return None


def _connection_failure(error: psycopg.OperationalError, name: str) -> ActivationSyncError:
    words = str(error)
    for phrase, remedy in CONNECT_FATAL.items():
        if phrase in words:
            return _fatal(name, remedy)
    return _busy(name, "it does not answer; check its host and port if this lasts")


def _busy(name: str, reason: str) -> WarehouseBusyError:
    return WarehouseBusyError(f"the warehouse {name} is busy: {reason}; try again")


def _fatal(name: str, remedy: str) -> WarehouseError:
    return WarehouseError(f"the warehouse {name} cannot be used: {remedy}")
