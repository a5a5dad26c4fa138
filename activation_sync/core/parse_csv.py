"""CSV reports: strict about meaning, tolerant about form, and fast, because user detail holds millions of rows.

A cell is read by look-up: a report repeats few texts a million times, so each text is read once and remembered.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import getitem, itemgetter
from typing import Any, Generic, TypeVar

from activation_sync.core.parse_columns import Column, Layout, fold, why_not
from activation_sync.core.parse_text import format_error, text_lines
from activation_sync.core.parse_values import BadValueError, Noticed, Read, shown
from activation_sync.errors import ReportFormatError

Row = TypeVar("Row")

MAX_REMEMBERED = 10_000  # texts a column; keeps the memory flat whatever the file holds


class BadCellError(Exception):
    """A cell that cannot be read; says which column, what it held (as far as may be shown) and why not."""


class Cells(dict[str, Any]):
    """The values of one column by their text."""

    def __init__(self, column: Column, read: Read) -> None:
        super().__init__()
        self._column = column
        self._read = read

    def __missing__(self, text: str) -> Any:
        try:
            value = self._read(text)
        except BadValueError as bad:
            raise BadCellError(f"column '{self._column.title}': {shown(self._column, text)} {bad}") from None
        if len(self) < MAX_REMEMBERED and not self._column.is_private:
            self[text] = value
        return value


class CsvRecords(Generic[Row]):
    """The rows of one CSV report, made by `make` from the values of each row in the order of the layout.

    Raises ReportFormatError, naming the physical line; the header is judged at once, rows when they are asked for.
    """

    def __init__(
        self,
        layout: Layout,
        chunks: Iterator[bytes],
        readers: Sequence[Read],
        noticed: Noticed,
        make: Callable[[Iterable[Any]], Row],
    ) -> None:
        self._report = layout.report
        self._make = make
        self._lines = csv.reader(text_lines(layout.report, chunks), strict=True)
        self._cells = [Cells(column, read) for column, read in zip(layout.columns, readers, strict=True)]
        titles = self._header(layout, noticed)
        self._width = len(titles)
        self._pick = _picker(layout, titles)

    def where(self) -> str:
        """The physical line of the row last given."""
        return f"line {self._lines.line_num}"

    def __iter__(self) -> Iterator[Row]:
        try:
            yield from self._rows()
        except (BadCellError, csv.Error) as error:
            raise self._refusal(str(error)) from None

    def _rows(self) -> Iterator[Row]:
        cells, make, pick, width = self._cells, self._make, self._pick, self._width
        for texts in self._lines:
            if len(texts) != width:
                if not texts:  # a blank line
                    continue
                raise self._wrong_width(len(texts))
            texts.append("")  # what `pick` finds where the report lacks a column
            yield make(map(getitem, cells, pick(texts)))

    def _header(self, layout: Layout, noticed: Noticed) -> list[str]:
        try:
            titles = next(self._lines, [])
        except csv.Error as error:
            raise self._refusal(str(error)) from None
        folded = [fold(title) for title in titles]
        wrong = why_not(layout, titles) or _repeated(layout, folded)
        if wrong:
            raise self._refusal(wrong)
        noticed.unknown_columns.update(title for title in titles if fold(title) not in layout.keys)
        return folded

    def _wrong_width(self, width: int) -> ReportFormatError:
        where = self.where()
        hint = "; the file seems cut short" if width < self._width and next(self._lines, None) is None else ""
        return format_error(self._report, f"{width} fields where the header has {self._width}{hint}", where)

    def _refusal(self, what: str) -> ReportFormatError:
        return format_error(self._report, what, self.where())


def _picker(layout: Layout, titles: list[str]) -> Callable[[list[str]], tuple[str, ...]]:
    """Takes the texts of a row in the order of the layout; an absent column is taken from behind the last one."""
    places = {title: place for place, title in enumerate(titles)}
    return itemgetter(*(places.get(fold(column.title), len(titles)) for column in layout.columns))


def _repeated(layout: Layout, titles: list[str]) -> str | None:
    repeated = [c.title for c in layout.columns if titles.count(fold(c.title)) > 1]
    return f"columns stand twice: {', '.join(repeated)}" if repeated else None
