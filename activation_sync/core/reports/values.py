"""One cell of a report: from text, or from a JSON value, to what it means.

Blank is absent (None), never 0. A word, a sign or a decimal point where a whole number belongs is refused, not guessed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.core.plain_text import plain_text
from activation_sync.core.reports.columns import PRIVATE_KINDS, Column, Kind
from activation_sync.core.reports.concealment import has_concealed_names
from activation_sync.core.reports.products import product_key

MAX_COUNT = 2**63 - 1  # Edm.Int64
MAX_DIGITS = 20  # one more than Int64 ever needs, so that what is cut off makes no number smaller
MAX_CACHED_TEXTS = 10_000  # texts a kind of column; keeps the memory flat whatever the file holds
SHOWN_CHARS = 40
# about 2021-11 the refresh dates of sibling reports grew a midnight; both forms are met
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z)?", re.ASCII)
# a last activation may come with its time of day, in UTC
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|\+00:00)?", re.ASCII)
MOST_UNKNOWN = 100  # unknown columns that are noted
NO_COUNT = "is not a whole number, 0 or more"
TOO_LARGE = f"is more than an Int64 holds ({MAX_COUNT})"
FLAGS = {"true": True, "false": False, "": None}

Read = Callable[[Any], Any]  # text, or a JSON value, to what its column means


class BadValueError(Exception):
    """A value that cannot mean what its column says; the one argument is the reason, free of the value."""


@dataclass(slots=True)
class ParseNotes:
    """What one report held beside its rows, for the caller to log or keep.

    unknown_columns: columns that the catalogue does not have; harmless. spelled: our product name to how Graph
    spelled it first; both as plain text.
    """

    unknown_columns: set[str] = field(default_factory=set)
    spelled: dict[str, str] = field(default_factory=dict)

    def note_unknown(self, titles: Iterable[str]) -> None:
        """Note columns that the catalogue does not have; a report that has no end of them does not fill the memory."""
        for title in titles:
            if len(self.unknown_columns) < MOST_UNKNOWN:
                self.unknown_columns.add(plain_text(title[:SHOWN_CHARS]))


class TextCache(dict[str, Any]):
    """What each text means, read once: a report repeats few texts a million times."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        value = self._read(text)
        if len(self) < MAX_CACHED_TEXTS:
            self[text] = value
        return value


def text_readers(
    columns: Sequence[Column], aliases: Mapping[str, str], notes: ParseNotes, bounds: Bounds = BOUNDS
) -> tuple[Read, ...]:
    """How to read the text of each column of one report; fast, and flat in memory."""
    kinds: dict[Kind, Read] = {
        Kind.REFRESH_DATE: _refresh_date_reader(),
        Kind.PRODUCT: _product_reader(aliases, notes, bounds.report_products),
        Kind.COUNT: read_count,
        Kind.DAY: read_activation,
        Kind.FLAG: read_flag,
        Kind.USER: read_user,
        Kind.NAME: plain_text,
    }
    short = {kind: _short_reader(read, bounds.field_chars) for kind, read in kinds.items()}
    remembered = {kind: read if kind in PRIVATE_KINDS else TextCache(read).__getitem__ for kind, read in short.items()}
    return tuple(remembered[column.kind] for column in columns)


def json_readers(columns: Sequence[Column], readers: Sequence[Read]) -> tuple[Read, ...]:
    """How to read the JSON value of each column: numbers and flags must be JSON's own, all else text or null."""
    own: dict[Kind, Read] = {Kind.COUNT: read_json_count, Kind.FLAG: read_json_flag}
    pairs = zip(columns, readers, strict=True)
    return tuple(own.get(column.kind) or _json_text_reader(read) for column, read in pairs)


def blame(columns: Sequence[Column], readers: Sequence[Read], values: Sequence[object]) -> tuple[Column, str]:
    """The first column whose value cannot be read, and what to say of it."""
    for column, read, value in zip(columns, readers, values, strict=True):
        try:
            read(value)
        except BadValueError as bad:
            return column, f"{shown(column, value)} {bad}"
    raise AssertionError("no value of this row is bad")


def read_count(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadValueError(NO_COUNT)
    count = int(text.lstrip("0")[:MAX_DIGITS] or "0")
    if count > MAX_COUNT:
        raise BadValueError(TOO_LARGE)
    return count


def read_day(text: str) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(DAY.fullmatch(text)[1])  # type: ignore[index]  # None is caught below
    except (TypeError, ValueError):
        raise BadValueError("is not a date such as 2026-11-21") from None


def read_activation(text: str) -> date | None:
    """A date, with or without the time of day."""
    if MOMENT.fullmatch(text.strip()):
        try:
            return datetime.fromisoformat(text.strip()).date()
        except ValueError:
            raise BadValueError("is a time that never was") from None
    return read_day(text)


def read_flag(text: str) -> bool | None:
    try:
        return FLAGS[text.strip().casefold()]
    except KeyError:
        raise BadValueError("is neither True nor False") from None


def read_user(text: str) -> str:
    """In lower case, as a user is one however a name is spelled; as it is where Graph concealed it."""
    name = plain_text(text)
    if not name.strip():
        raise BadValueError("is blank")
    return name if name.islower() or has_concealed_names(name) else name.lower()


def read_json_count(value: object) -> int | None:
    if type(value) is int and 0 <= value <= MAX_COUNT:  # to isinstance, True is an int
        return value
    if value is None:
        return None
    raise BadValueError(TOO_LARGE if type(value) is int and value > 0 else NO_COUNT)


def read_json_flag(value: object) -> bool | None:
    if not isinstance(value, bool | None):
        raise BadValueError("is neither true nor false")
    return value


def shown(column: Column, value: object) -> str:
    """A value as a message may show it: never a personal one, never a long one."""
    if column.is_private:
        return "a value (not shown: personal)"
    text = plain_text(str(value)[: SHOWN_CHARS + 1])
    return repr(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…")


def _short_reader(read: Read, most_chars: int) -> Read:
    def read_short(text: str) -> Any:
        if len(text) > most_chars:
            raise BadValueError(f"is longer than {most_chars:,} characters (bounds.field_chars)")
        return read(text)

    return read_short


def _json_text_reader(read: Read) -> Read:
    """JSON can spell characters that no UTF-8 file, and so no database, holds: NUL and lone surrogates."""

    def read_text(value: object) -> Any:
        if not isinstance(value, str | None):
            raise BadValueError("is not text")
        text = value or ""
        if "\0" in text or not _is_unicode(text):
            raise BadValueError("holds a character that is not text")
        return read(text)

    return read_text


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _refresh_date_reader() -> Read:
    """Reads the refresh date and holds the whole report to the first one."""
    first: list[date] = []

    def read(text: str) -> date:
        day = read_day(text)
        if day is None:
            raise BadValueError("is blank")
        if day != (first or [day])[0]:
            raise BadValueError(f"is a second refresh date; the report began with {first[0]}")
        first[:] = [day]
        return day

    return read


def _product_reader(aliases: Mapping[str, str], notes: ParseNotes, most: int) -> Read:
    def read(text: str) -> str:
        product = product_key(text, aliases)
        if not product:
            raise BadValueError("is blank")
        if product not in notes.spelled and len(notes.spelled) >= most:
            raise BadValueError(f"is one product more than the {most:,} of a report (bounds.report_products)")
        notes.spelled.setdefault(product, plain_text(text).strip())
        return product

    return read
