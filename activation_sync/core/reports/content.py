"""A landed report as it is read: parsed, counted and concealed while its rows pass by, whichever report it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Protocol

from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.core.model import CountRow, Report
from activation_sync.core.reports.catalogue import KINDS, Keeps
from activation_sync.core.reports.concealment import KEEP_NAMES, Concealment, conceal_names
from activation_sync.core.reports.derive import DetailCounts
from activation_sync.core.reports.parse import PARSERS, ParseNotes, parse_rows
from activation_sync.core.reports.products import NO_ALIASES


class Dated(Protocol):
    """Any row of a report."""

    @property
    def refreshed_on(self) -> date: ...


class Passed(Protocol):
    """What a report's rows came to; whole only once every row was taken."""

    refreshed_on: date | None

    @property
    def rows_seen(self) -> int: ...

    def through(self, rows: Iterable[Any]) -> Iterator[Any]: ...

    def counts(self) -> list[CountRow]: ...


class ListedCounts:
    """Of a report that says its counts itself, or, like that of platforms, none that a plan is made from."""

    def __init__(self, _: Mapping[str, str] = NO_ALIASES) -> None:
        self._rows: list[Dated] = []
        self.refreshed_on: date | None = None

    @property
    def rows_seen(self) -> int:
        return len(self._rows)

    def through(self, rows: Iterable[Dated]) -> Iterator[Dated]:
        for row in rows:
            self._rows.append(row)
            self.refreshed_on = row.refreshed_on
            yield row

    def counts(self) -> list[CountRow]:
        return [row for row in self._rows if isinstance(row, CountRow)]


COUNTERS: Mapping[Keeps, Callable[[Mapping[str, str]], Passed]] = {Keeps.SNAPSHOT: DetailCounts}  # all else is listed


@dataclass(frozen=True, slots=True)
class ReportContent:
    """rows: as they may be kept, to be taken once. passed: what they came to. notes: what else the report held."""

    rows: Iterable[Any]
    passed: Passed
    notes: ParseNotes

    def drain(self) -> None:
        """Take the rows and forget them, for the sake of what they come to."""
        for _ in self.rows:
            pass


def read_content(
    report: Report,
    stream: BinaryIO,
    aliases: Mapping[str, str] = NO_ALIASES,
    names: Concealment = KEEP_NAMES,
    bounds: Bounds = BOUNDS,
) -> ReportContent:
    """A report from its bytes, in flat memory where it may be large; ReportFormatError as `parse` raises it.

    aliases: as of `product_key`. names: what becomes of users' names before a row comes out.
    """
    kind, notes = KINDS[report], ParseNotes()
    passed = COUNTERS.get(kind.keeps, ListedCounts)(notes.spelled)
    parse = PARSERS.get(kind.keeps, parse_rows)
    rows = passed.through(parse(stream, aliases, notes, kind, bounds))
    return ReportContent(conceal_names(rows, names.policy, names.key) if kind.is_personal else rows, passed, notes)
