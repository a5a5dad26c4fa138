"""From the bytes of a landed report to rows.

Strict about meaning, tolerant about form. Form is accepted: CSV or JSON, BOM, line ends, column order, unknown or
missing optional columns. Meaning is refused with ReportFormatError naming place, column and value; personal values
are never shown. A report of nothing but a header has no rows: whether that may be so is for the guards to say, as is
a file cut exactly at a line end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, TypeVar

from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.core.model import CountRow, Counts, DetailRow, PlatformRow
from activation_sync.core.reports.catalogue import PLATFORM_COUNTS, USER_COUNTS, USER_DETAIL, Keeps, ReportKind
from activation_sync.core.reports.products import NO_ALIASES
from activation_sync.core.reports.read_csv import CsvRecords
from activation_sync.core.reports.read_json import JsonRecords
from activation_sync.core.reports.text import format_error, without_lead
from activation_sync.core.reports.values import ParseNotes, text_readers

__all__ = ["PARSERS", "ParseNotes", "parse_counts", "parse_detail", "parse_platforms", "parse_rows"]

CHUNK_BYTES = 256 * 1024
Row = TypeVar("Row")
Records = CsvRecords[Row] | JsonRecords[Row]


def parse_counts(
    stream: BinaryIO,
    aliases: Mapping[str, str] = NO_ALIASES,
    notes: ParseNotes | None = None,
    kind: ReportKind = USER_COUNTS,
    bounds: Bounds = BOUNDS,
) -> list[CountRow]:
    """The rows of a report of counts; one a product."""
    notes = notes or ParseNotes()
    records = _open_records(stream, kind, aliases, notes, bounds)
    return [
        CountRow(refreshed_on, product, notes.spelled[product], Counts(*counts))
        for refreshed_on, product, *counts in _one_a_product(kind, records)
    ]


def parse_platforms(
    stream: BinaryIO,
    aliases: Mapping[str, str] = NO_ALIASES,
    notes: ParseNotes | None = None,
    kind: ReportKind = PLATFORM_COUNTS,
    bounds: Bounds = BOUNDS,
) -> list[PlatformRow]:
    """The rows of a report of platforms; one a product."""
    records = _open_records(stream, kind, aliases, notes or ParseNotes(), bounds)
    return [PlatformRow(*values) for values in _one_a_product(kind, records)]


def parse_detail(
    stream: BinaryIO, aliases: Mapping[str, str] = NO_ALIASES, notes: ParseNotes | None = None
) -> Iterator[DetailRow]:
    """The rows of a user detail report, one a user and product, as a stream (see `parse_rows`)."""
    return parse_rows(stream, aliases, notes or ParseNotes(), USER_DETAIL)


def parse_rows(
    stream: BinaryIO, aliases: Mapping[str, str], notes: ParseNotes, kind: ReportKind, bounds: Bounds = BOUNDS
) -> Iterator[Any]:
    """The rows of any report, each as the catalogue makes it, as a stream.

    The memory stays flat. The start of the report is judged at once, each row when it is asked for; a caller that
    must not keep half a report takes the rows inside one transaction.
    """
    return iter(_open_records(stream, kind, aliases, notes, bounds))


PARSERS: Mapping[Keeps, Callable[[BinaryIO, Mapping[str, str], ParseNotes, ReportKind, Bounds], Iterable[Any]]] = {
    Keeps.COUNTS: parse_counts,
    Keeps.PLATFORMS: parse_platforms,
}  # all else: `parse_rows`


def _open_records(
    stream: BinaryIO,
    kind: ReportKind,
    aliases: Mapping[str, str],
    notes: ParseNotes,
    bounds: Bounds,
) -> Records[Any]:
    """Sniff the format from the content, and begin to read."""
    head = without_lead(kind.report, stream.read(CHUNK_BYTES))
    chunks = chain([head], iter(partial(stream.read, CHUNK_BYTES), b""))
    readers = text_readers(kind.columns, aliases, notes, bounds)
    start = head.lstrip()[:1]
    if start == b"<":
        raise format_error(kind.report, "an HTML or XML page in place of a report", "line 1")
    records = JsonRecords if start in (b"{", b"[") else CsvRecords
    return records(kind, chunks, readers, notes, bounds)


def _one_a_product(kind: ReportKind, records: Records[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The records, as long as no product comes twice; adding two rows up would be a guess."""
    places: dict[str, str] = {}
    for record in records:
        product, here = record[1], records.where()
        if product in places:
            what = f"a second row for product '{product}'; the first is {places[product]}"
            raise format_error(kind.report, what, here)
        places[product] = here
        yield record
