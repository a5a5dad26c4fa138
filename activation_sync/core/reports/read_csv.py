"""CSV reports: strict about meaning, tolerant about form, and fast, because user detail holds millions of rows.

The loop does no more a row than pick, look up and make; which column was bad is found out only when one was.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from operator import call, itemgetter
from typing import Generic, TypeVar

from activation_sync.core.bounds import Bounds
from activation_sync.core.phrases import rows_words
from activation_sync.core.reports.catalogue import ReportKind, repeated, why_not
from activation_sync.core.reports.columns import fold
from activation_sync.core.reports.text import format_error, text_lines
from activation_sync.core.reports.values import BadValueError, ParseNotes, Read, blame
from activation_sync.errors import ReportFormatError

Row = TypeVar("Row")


class CsvRecords(Generic[Row]):
    """The rows of one CSV report, made from the values of each row in the order of its columns.

    Raises ReportFormatError, naming the physical line; the header is judged at once, rows when they are asked for.
    """

    def __init__(
        self,
        kind: ReportKind,
        chunks: Iterator[bytes],
        readers: Sequence[Read],
        notes: ParseNotes,
        bounds: Bounds,
    ) -> None:
        self._kind = kind
        self._readers = readers
        self._make = kind.row
        self._lines = csv.reader(text_lines(kind.report, chunks, bounds.line_bytes), strict=True)
        titles = self._header(kind, notes)
        self._width = len(titles)
        self._pick = _picker(kind, titles)

    def where(self) -> str:
        """The physical line of the row last given."""
        return f"line {self._lines.line_num}"

    def __iter__(self) -> Iterator[Row]:
        readers, make, pick, width = self._readers, self._make, self._pick, self._width
        values: tuple[str, ...] = ()
        try:
            for texts in self._lines:
                if len(texts) == width:
                    texts.append("")  # what `pick` finds where the report lacks a column
                    values = pick(texts)
                    yield make(map(call, readers, values))
                elif texts:  # none at all is a blank line
                    raise self._wrong_width(len(texts))
        except BadValueError:
            column, what = blame(self._kind.columns, readers, values)
            raise self._refusal(f"column '{column.title}': {what}") from None
        except csv.Error as error:
            raise self._refusal(_words(error)) from None

    def _header(self, kind: ReportKind, notes: ParseNotes) -> list[str]:
        try:
            titles = next((titles for titles in self._lines if any(map(fold, titles))), [])
        except csv.Error as error:
            raise self._refusal(_words(error)) from None
        wrong = why_not(kind, titles) or repeated(kind, titles)
        if wrong:
            raise self._refusal(wrong)
        notes.note_unknown(title for title in titles if fold(title) not in kind.keys)
        return [fold(title) for title in titles]

    def _wrong_width(self, width: int) -> ReportFormatError:
        where = self.where()
        hint = "; the file seems cut short" if width < self._width and self._is_at_end() else ""
        fields = rows_words(width, "field")
        return format_error(self._kind.report, f"{fields} where the header has {self._width}{hint}", where)

    def _is_at_end(self) -> bool:
        try:
            return next(self._lines, None) is None
        except csv.Error:
            return False

    def _refusal(self, what: str) -> ReportFormatError:
        return format_error(self._kind.report, what, self.where())


def _words(error: csv.Error) -> str:
    """The module's own words, but where they speak to a programmer."""
    is_old_line_end = "new-line character" in str(error)
    return "a carriage return that ends no line; lines end in LF or CR LF" if is_old_line_end else str(error)


def _picker(kind: ReportKind, titles: list[str]) -> Callable[[list[str]], tuple[str, ...]]:
    """Takes the texts of a row in the order of the columns; an absent column is taken from behind the last one."""
    places = {title: place for place, title in enumerate(titles)}
    return itemgetter(*(places.get(fold(column.title), len(titles)) for column in kind.columns))
