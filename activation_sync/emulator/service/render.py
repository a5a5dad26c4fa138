"""Reports as bytes: CSV as Graph's download host sends it, JSON as its beta does."""

import csv
import io
import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from activation_sync.emulator.tenant.editions import TABLES, Cell, Edition, Row, Table, property_of, table_of

ROWS_A_CHUNK = 1000
PRODUCT = "Product Type"
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le" if sys.byteorder == "little" else "utf-16-be"}


def csv_chunks(edition: Edition) -> Iterator[bytes]:
    """The report as CSV with BOM and CRLF, product names in upper case; a chunk at a time."""
    if edition.is_blank:
        return
    table = table_of(edition)
    text = _csv_text([table.columns])
    yield text.encode(edition.encoding)
    while block := list(itertools.islice(table.rows, ROWS_A_CHUNK)):
        yield _csv_text(_loud(table.columns, block)).encode(_WITHOUT_MARK[edition.encoding])


def json_rows(edition: Edition, first_user: int = 0, last_user: int | None = None) -> list[dict[str, Any]]:
    """The report as beta's JSON objects; the user detail nests the products of a user."""
    table = table_of(edition, first_user, last_user)
    rows = [_as_object(table, row) for row in table.rows]
    once_a_user = TABLES[edition.report].once_a_user
    return _nested(rows, once_a_user) if once_a_user else rows


def _loud(columns: tuple[str, ...], rows: Iterable[Row]) -> Iterable[Row]:
    """The rows with the product's name in upper case, where the report has products."""
    if PRODUCT not in columns:
        return rows
    product = columns.index(PRODUCT)
    return ((*row[:product], str(row[product]).upper(), *row[product + 1 :]) for row in rows)


def _csv_text(rows: Iterable[Row]) -> str:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows(rows)
    return page.getvalue()


def _as_object(table: Table, row: Row) -> dict[str, Any]:
    return {property_of(name): _json_cell(cell) for name, cell in zip(table.columns, row, strict=True)}


def _json_cell(cell: Cell) -> Cell | None:
    return None if cell == "" else cell


def _nested(rows: list[dict[str, Any]], outer: tuple[str, ...]) -> list[dict[str, Any]]:
    """One object a user, with one entry a product."""
    users = itertools.groupby(rows, key=lambda row: tuple(row[name] for name in outer))
    return [
        dict(zip(outer, user, strict=True))
        | {"userActivationCounts": [{name: row[name] for name in row if name not in outer} for row in rows_of_user]}
        for user, rows_of_user in users
    ]
