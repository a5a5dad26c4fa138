"""One cell of a report: from text, or from a JSON value, to what it means.

Blank is absent (None), never 0. A word, a sign or a decimal point where a whole number belongs is refused, not guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from activation_sync.core.parse_columns import Column, Kind, Layout
from activation_sync.core.products import product_key

MAX_COUNT = 2**63 - 1  # Edm.Int64
SHOWN_CHARS = 40
# about 2021-11 the refresh dates of sibling reports grew a midnight; both forms are met
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0+)?Z)?", re.ASCII)
FLAGS = {"true": True, "false": False, "": None}

Read = Callable[[str], Any]  # the value depends on the column


class BadValueError(Exception):
    """A value that cannot mean what its column says; the one argument is the reason, free of the value."""


@dataclass(slots=True)
class Noticed:
    """What one report held beside its rows, for the caller to log or keep.

    unknown_columns: columns that no layout knows; harmless. spelled: our product name to how Graph spelled it first.
    """

    unknown_columns: set[str] = field(default_factory=set)
    spelled: dict[str, str] = field(default_factory=dict)


def readers_of(layout: Layout, aliases: Mapping[str, str], noticed: Noticed) -> tuple[Read, ...]:
    """How to read the text of each column of one report."""
    read_product = _product_reader(aliases, noticed)
    kinds: dict[Kind, Read] = {
        Kind.REFRESH_DATE: _refresh_date_reader(),
        Kind.PRODUCT: read_product,
        Kind.COUNT: read_count,
        Kind.DAY: read_day,
        Kind.FLAG: read_flag,
        Kind.USER: read_user,
        Kind.NAME: str,
    }
    return tuple(kinds[column.kind] for column in layout.columns)


def read_count(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadValueError("is not a whole number, 0 or more")
    return _bounded(int(text[: len(str(MAX_COUNT)) + 1]))


def read_day(text: str) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(DAY.fullmatch(text)[1])  # type: ignore[index]  # None is caught below
    except (TypeError, ValueError):
        raise BadValueError("is not a date such as 2026-11-21") from None


def read_flag(text: str) -> bool | None:
    try:
        return FLAGS[text.strip().casefold()]
    except KeyError:
        raise BadValueError("is neither True nor False") from None


def read_user(text: str) -> str:
    if not text.strip():
        raise BadValueError("is blank")
    return text


def read_json(kind: Kind, read: Read, value: object) -> Any:
    """The meaning of a JSON value; numbers and flags must be JSON's own, everything else text or null."""
    if kind is Kind.COUNT:
        return _json_count(value)
    if kind is Kind.FLAG and value is not None:
        return _json_flag(value)
    if not isinstance(value, str | None):
        raise BadValueError("is not text")
    return read(_storable(value or ""))


def shown(column: Column, value: object) -> str:
    """A value as a message may show it: never a personal one, never a long one."""
    if column.is_private:
        return "a value (not shown: personal)"
    text = str(value)
    return repr(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…")


def _storable(text: str) -> str:
    """JSON can spell characters that no UTF-8 file, and so no database, holds: NUL and lone surrogates."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadValueError("holds a character that is not text")
    return text


def _bounded(count: int) -> int:
    if count > MAX_COUNT:
        raise BadValueError(f"is more than an Int64 holds ({MAX_COUNT})")
    return count


def _json_count(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or value < 0:  # True is an int to isinstance
        raise BadValueError("is not a whole number, 0 or more")
    return _bounded(value)


def _json_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValueError("is neither true nor false")
    return value


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


def _product_reader(aliases: Mapping[str, str], noticed: Noticed) -> Read:
    def read(text: str) -> str:
        product = product_key(text, aliases)
        if not product:
            raise BadValueError("is blank")
        noticed.spelled.setdefault(product, text.strip())
        return product

    return read
