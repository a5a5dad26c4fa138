"""Two warehouses side by side, row by row, in bounded memory; on any two of our databases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table, Text, select
from sqlalchemy.sql.expression import TableClause

from activation_sync.core.model import Measure
from activation_sync.warehouse.database.tables import activation_user_count, activation_user_detail, sync_base
from activation_sync.warehouse.reports.keeping import REPORTED_TABLES, SHOWN_TABLES

BATCH_ROWS = 2_000
SHOWN = 5
KEY = ("tenant", "refreshed_on", "product")
STAMP = ("updated_at", "updated_by")


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """A table, the columns that tell its rows apart, and those whose values must be equal.

    stamp: who wrote a row and when. A row of another stamp, or that only one side has, was edited and is no difference.
    shown: columns of the key that may be printed; a user's name may not.
    """

    table: Table | TableClause
    key: tuple[str, ...]
    values: tuple[str, ...]
    stamp: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    tenant: str | None = None


@dataclass(slots=True)
class Comparison:
    """How a table compares: rows of the first warehouse, how many differ or were edited, and the first differences."""

    table: str
    rows: int = 0
    differences: int = 0
    edited: int = 0
    first: list[str] = field(default_factory=list)


def tables_to_compare(unnamed: Sequence[str], tenants: Sequence[str]) -> list[ComparedTable]:
    """What a rebuilt warehouse must hold again. unnamed: tenants whose users have another random name in each load."""
    return [
        ComparedTable(activation_user_count, KEY, tuple(Measure), STAMP, KEY),
        *map(_whole, (sync_base, *REPORTED_TABLES, *SHOWN_TABLES)),
        *(_detail(tenant, tenant in unnamed) for tenant in tenants),
    ]


def compare(before: Connection, rebuilt: Connection, what: ComparedTable) -> Comparison:
    """Walk both sides in the same order."""
    found = Comparison(what.table.name)
    for ours, theirs in _pairs(_rows(before, what), _rows(rebuilt, what), what.key):
        found.rows += ours is not None
        if ours is not None and theirs is not None and _values(ours, what) == _values(theirs, what):
            continue
        if _is_edited(ours, theirs, what):
            found.edited += 1
            continue
        found.differences += 1
        if len(found.first) < SHOWN:
            found.first.append(_words(ours, theirs, what))
    return found


def _whole(table: Table) -> ComparedTable:
    key = tuple(column.name for column in table.primary_key)
    values = tuple(column.name for column in table.columns if column.name not in key)
    return ComparedTable(table, key, values, shown=key)


def _detail(tenant: str, is_unnamed: bool) -> ComparedTable:
    """Without names to go by, rows are told apart by all the rest."""
    columns = [column.name for column in activation_user_detail.columns]
    if is_unnamed:
        key = tuple(name for name in columns if name != "user_principal_name")
    else:
        key = ("tenant", "user_principal_name", "product")
    values = tuple(name for name in columns if name not in (*key, "user_principal_name"))
    return ComparedTable(activation_user_detail, key, values, shown=("tenant", "product"), tenant=tenant)


def _rows(conn: Connection, what: ComparedTable) -> Iterator[RowMapping]:
    columns = [what.table.c[name] for name in (*what.key, *what.values, *what.stamp)]
    query = select(*columns).order_by(*(_in_order(conn, what.table.c[name]) for name in what.key))
    if what.tenant is not None:
        query = query.where(what.table.c.tenant == what.tenant)
    yield from conn.execute(query.execution_options(yield_per=BATCH_ROWS)).mappings()


def _in_order(conn: Connection, column: Column[Any] | Any) -> ColumnElement[Any]:
    """By code points on every database, as Python compares text; what is absent comes first."""
    is_text = isinstance(column.type, Text) and conn.dialect.name == "postgresql"
    return (column.collate("C") if is_text else column).asc().nulls_first()


def _pairs(
    ours: Iterator[RowMapping], theirs: Iterator[RowMapping], key: Sequence[str]
) -> Iterator[tuple[RowMapping | None, RowMapping | None]]:
    """Rows of both sides with the same key together, the others alone."""
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        place = _place(left, key), _place(right, key)
        is_left = right is None or (left is not None and place[0] <= place[1])
        is_right = left is None or (right is not None and place[1] <= place[0])
        yield (left if is_left else None), (right if is_right else None)
        left = next(ours, None) if is_left else left
        right = next(theirs, None) if is_right else right


def _place(row: RowMapping | None, key: Sequence[str]) -> tuple[tuple[bool, Any], ...]:
    return () if row is None else tuple((row[name] is not None, row[name]) for name in key)


def _values(row: RowMapping, what: ComparedTable) -> tuple[Any, ...]:
    return tuple(row[name] for name in what.values)


def _is_edited(ours: RowMapping | None, theirs: RowMapping | None, what: ComparedTable) -> bool:
    if not what.stamp:
        return False
    return ours is None or theirs is None or any(ours[name] != theirs[name] for name in what.stamp)


def _words(ours: RowMapping | None, theirs: RowMapping | None, what: ComparedTable) -> str:
    present = ours or theirs
    assert present is not None
    place = ", ".join(str(present[name]) for name in what.shown)
    if ours is None or theirs is None:
        return f"{place}: only in the {'rebuilt' if ours is None else 'present'} warehouse"
    moved = (f"{name} {ours[name]} -> {theirs[name]}" for name in what.values if ours[name] != theirs[name])
    return f"{place}: {', '.join(moved)}" if what.table is not activation_user_detail else f"{place}: a user's row"
