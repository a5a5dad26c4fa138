"""Which of the three reports a file is, told from its content alone: names of files are changed by people."""

import csv
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, NamedTuple

from activation_sync.core.model import Report
from activation_sync.core.plain_text import plain_text
from activation_sync.core.reports.catalogue import CATALOGUE, ReportKind, likest_kind
from activation_sync.core.reports.columns import fold, separator_hint
from activation_sync.core.reports.read_json import NESTED, BrokenJsonError, documents
from activation_sync.core.reports.text import UTF_16_BOMS, lead_bytes
from activation_sync.errors import ReportFormatError

HEAD_BYTES = 64 * 1024
COMMON = 2  # every report has a refresh date and a product; what has no more in common is another file
PRODUCTS = {fold("Product Type"), fold(NESTED)}
SHOWN_TITLES, SHOWN_CHARS = 6, 40


class Sniffed(NamedTuple):
    """What a file seems to be. suffix: "csv" or "json"."""

    report: Report
    suffix: str


def sniff_report(stream: BinaryIO) -> Sniffed:
    """Tell report and format from the header or the first item; ReportFormatError when it is none of ours."""
    head = stream.read(HEAD_BYTES)
    text = head[lead_bytes(head) :]
    if not text:
        raise _none("the file is empty" if not head else "the file is blank")
    if head.startswith(UTF_16_BOMS) or b"\0" in text:
        raise _none("the file is not UTF-8; a shell may have rewritten it (keep the bytes as they were downloaded)")
    if text.startswith(b"<"):
        raise _none("it is an HTML or XML page")
    if text.startswith((b"{", b"[")):
        return Sniffed(_report_of(_properties(chain([text], iter(partial(stream.read, HEAD_BYTES), b"")))), "json")
    return Sniffed(_report_of(_titles(text)), "csv")


def _report_of(titles: list[str]) -> Report:
    folded = {fold(title) for title in titles}
    # a user without a product has so few columns in JSON that they have little in common with the report's own
    of_users = [kind for kind in CATALOGUE if _names_users(kind) & folded] if folded & PRODUCTS else []
    if of_users:
        return likest_kind(titles, of_users).report
    likest = likest_kind(titles)
    if len(folded & likest.keys) <= COMMON:
        raise _none(_shown(titles))
    return likest.report


def _shown(titles: list[str]) -> str:
    """The columns of a file that may be meant as one of ours; of any other nothing is shown: it may be anybody's."""
    parts = {fold(part) for title in titles for part in re.split("[;\t]", title)}
    if not any(kind.keys & parts for kind in CATALOGUE):
        return "it begins with none of their columns"
    shown = ", ".join(plain_text(title[:SHOWN_CHARS]) for title in titles[:SHOWN_TITLES])
    return f"it begins with the columns {shown}{separator_hint(titles)}"


def _names_users(kind: ReportKind) -> set[str]:
    return {fold(column.title) for column in kind.columns if column.is_private and column.is_required}


def _titles(text: bytes) -> list[str]:
    """The header, as far as it is one: of another file it may be anything."""
    line = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a carriage return that ends no line; a field of a whole file
        return []


def _properties(chunks: Iterator[bytes]) -> list[str]:
    """The properties of the first item of the first page, those nested in it included."""
    try:
        page = next(documents(chunks), None)
    except BrokenJsonError as error:
        raise _none(f"its JSON is cut short or damaged: {error}") from None
    items = page.get("value") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise _none('it is JSON without a list "value"')
    if not items:
        raise _none("it has no items, so that nothing tells which report it is")
    return list(_names_of(items[0]))


def _names_of(item: object) -> Iterator[str]:
    if isinstance(item, dict):
        yield from item
        nested = item.get(NESTED)
        if isinstance(nested, list) and nested:
            yield from _names_of(nested[0])


def _none(why: str) -> ReportFormatError:
    return ReportFormatError(f"this is none of the three activation reports: {why}")
