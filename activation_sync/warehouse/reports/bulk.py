"""Many rows at once, in bounded memory: COPY on PostgreSQL, batches on SQLite."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from psycopg import Cursor, sql
from sqlalchemy import Connection, Table, insert

BATCH_ROWS = 5_000


def copy_rows(conn: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows that have a value for every column of the table, in its order. No timestamps."""
    if conn.dialect.name == "sqlite":
        _insert_batches(conn, table, rows)
    else:
        _copy(conn, table, rows)


def _insert_batches(conn: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    # straight to the driver: half the time of SQLAlchemy's own executemany, which binds every value by name
    statement = str(insert(table).compile(dialect=conn.dialect))
    for batch in _batches(rows):
        conn.exec_driver_sql(statement, batch)


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    remaining = iter(rows)
    while batch := [tuple(map(_sqlite_value, row)) for row in islice(remaining, BATCH_ROWS)]:
        yield batch


def _sqlite_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _copy(conn: Connection, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    )
    cursor: Cursor[Any]
    with conn.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)
