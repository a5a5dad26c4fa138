"""What a scripted fault makes of a report: the nasty files a nightly job will meet one day."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from activation_sync.emulator.tenant.editions import SINCE_2018, Edition, Row, Table, Twist, first_rows, without_columns

CUT_ROWS = 100  # what tenants really got on one day of October 2019


def twisted(edition: Edition, fault: str) -> Edition:
    """The edition as this kind of fault leaves it; unchanged by faults that are not about content."""
    twist = _EDITIONS.get(fault)
    return twist(edition) if twist else edition


def header_only(table: Table) -> Table:
    return first_rows(table, 0)


def first_hundred_rows(table: Table) -> Table:
    return first_rows(table, CUT_ROWS)


def duplicate_row(table: Table) -> Table:
    """The first row twice: for the counts reports, two rows of one product."""
    first = list(itertools.islice(table.rows, 1))
    return table.with_rows(itertools.chain(first, first, table.rows))


def words_for_numbers(table: Table) -> Table:
    """A word in the last number of the first row."""
    return table.with_rows(_with_a_word(table.rows))


def columns_of_2017(table: Table) -> Table:
    return without_columns(table, SINCE_2018)


def _with_a_word(rows: Iterator[Row]) -> Iterator[Row]:
    for row in itertools.islice(rows, 1):
        last = max(index for index, cell in enumerate(row) if isinstance(cell, int) and not isinstance(cell, bool))
        yield (*row[:last], "many", *row[last + 1 :])
    yield from rows


def _with(twist: Twist) -> Callable[[Edition], Edition]:
    return lambda edition: replace(edition, twists=(*edition.twists, twist))


_EDITIONS: Mapping[str, Callable[[Edition], Edition]] = {
    "empty": lambda edition: replace(edition, is_blank=True),
    "utf-16": lambda edition: replace(edition, encoding="utf-16"),
    "date-backwards": lambda edition: edition.moved(figures=-1, dated=-1),
    "restated": lambda edition: edition.moved(figures=+1),  # tomorrow's figures under a date that is known already
    "header-only": _with(header_only),
    "first-100-rows": _with(first_hundred_rows),
    "duplicate-row": _with(duplicate_row),
    "words-for-numbers": _with(words_for_numbers),
    "columns-2017": _with(columns_of_2017),
}
