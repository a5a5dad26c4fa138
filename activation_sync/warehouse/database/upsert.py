"""Insert-or-update, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def insert_or_ignore(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """A row that is there stays as it is."""
    return _insert(conn, table).on_conflict_do_nothing(index_elements=list(table.primary_key))


def insert_or_update(conn: Connection, table: Table, columns: Iterable[str]) -> postgresql.Insert | sqlite.Insert:
    """A row that is there gets the new values of `columns` and keeps the rest."""
    statement = _insert(conn, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: statement.excluded[name] for name in columns}
    )
