"""JSON reports (beta): pages landed one after another, each `{"value": [...]}`; one page at a time in memory.

User detail nests the products of a user; here it is one record a user and product, as in CSV.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from operator import call
from typing import Any, Generic, TypeVar

from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.core.plain_text import plain_text
from activation_sync.core.reports.catalogue import ReportKind, repeated, why_not
from activation_sync.core.reports.columns import fold
from activation_sync.core.reports.text import format_error
from activation_sync.core.reports.values import SHOWN_CHARS, BadValueError, ParseNotes, Read, blame, json_readers
from activation_sync.errors import ReportFormatError

Row = TypeVar("Row")

NESTED = "userActivationCounts"
BLANKS = re.compile(r"[\s\ufeff\u200b\u2060]*")  # a page may bring a byte order mark of its own
CHUNK_CHARS = 256 * 1024  # what a page may stand together with: the begin of the one after it
DECODER = json.JSONDecoder()


class BrokenJsonError(Exception):
    """The bytes are not JSON documents, or the last one is not whole; the one argument says why, free of values."""


class JsonRecords(Generic[Row]):
    """The rows of one JSON report, made from the values of each record in the order of its columns.

    Raises ReportFormatError, naming the item: its number over all pages, from 1.
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
        self._chunks = chunks
        self._readers = json_readers(kind.columns, readers)
        self._notes = notes
        self._make = kind.row
        self._most_chars = bounds.body_bytes
        self._item = 0
        self._shape: list[str] | None = None  # properties of the record last read; they seldom change within a report
        self._names: list[str] = []  # of these, the one of each column

    def where(self) -> str:
        """The number of the item last read."""
        return f"item {self._item}"

    def __iter__(self) -> Iterator[Row]:
        for item in self._items():
            self._item += 1
            for record in self._flat(item):
                yield self._make(self._values(record))

    def _items(self) -> Iterator[object]:
        has_more = False
        try:
            for document in documents(self._chunks, self._most_chars):
                page = self._page(document)
                has_more = bool(page.get("@odata.nextLink"))
                yield from page["value"]
        except BrokenJsonError as error:
            raise self._refusal(f"from here on the JSON is cut short or damaged: {error}") from None
        if has_more:
            raise self._refusal("the last page says that more follow; the file seems cut short")

    def _page(self, document: object) -> Mapping[str, Any]:
        if isinstance(document, dict) and isinstance(document.get("value"), list):
            return document
        if isinstance(document, dict) and "error" in document:
            raise self._refusal(f"Graph's error body in place of a report: {_error_words(document['error'])}")
        raise self._refusal('a page is not an object with a list "value"')

    def _flat(self, item: object) -> Iterator[Mapping[str, object]]:
        """The records of an item: itself, or one for each product nested in it."""
        if not isinstance(item, dict):
            raise self._refusal("not an object")
        nested = item.get(NESTED, [{}])
        if not (isinstance(nested, list) and all(isinstance(inner, dict) for inner in nested)):
            raise self._refusal(f"property '{NESTED}' is not a list of objects")
        outer = {name: value for name, value in item.items() if name != NESTED}
        return ({**outer, **inner} for inner in nested)

    def _values(self, record: Mapping[str, object]) -> list[Any]:
        shape = list(record)
        if shape != self._shape:
            self._shape, self._names = shape, self._names_of(shape)
        values = list(map(record.get, self._names))
        try:
            return list(map(call, self._readers, values))
        except BadValueError:
            column, what = blame(self._kind.columns, self._readers, values)
            raise self._refusal(f"property '{column.name}': {what}") from None

    def _names_of(self, shape: list[str]) -> list[str]:
        own = [name for name in shape if not name.startswith("@odata.")]
        names = {fold(name): name for name in own}
        if wrong := why_not(self._kind, names) or repeated(self._kind, own):
            raise self._refusal(wrong)
        self._notes.note_unknown(name for folded, name in names.items() if folded not in self._kind.keys)
        return [names.get(fold(column.title), column.title) for column in self._kind.columns]

    def _refusal(self, what: str) -> ReportFormatError:
        return format_error(self._kind.report, what, self.where() if self._item else "")


def documents(chunks: Iterator[bytes], most_chars: int = BOUNDS.body_bytes) -> Iterator[object]:
    """The JSON documents that stand one after another in a file; most_chars: of one, which stands in memory whole.

    Text is looked at again only once it has doubled, so that the cost stays linear whatever the size of a page.
    Raises BrokenJsonError when the text ends inside a document, or is no JSON.
    """
    text, due, problem = "", 0, ""
    for more in _texts(chunks):
        text += more
        if len(text) >= due:
            found, text, problem = _whole_documents(text)
            yield from found
            due = 2 * len(text)
        if len(text) > most_chars + CHUNK_CHARS:
            raise BrokenJsonError(f"a page is longer than {most_chars:,} characters (bounds.body_bytes); {problem}")
    found, text, problem = _whole_documents(text)
    yield from found
    if not BLANKS.fullmatch(text):
        raise BrokenJsonError(problem)


def _whole_documents(text: str) -> tuple[list[object], str, str]:
    """The whole documents at the start of a text, the rest, and why the rest is no document."""
    found: list[object] = []
    end = 0
    while True:
        try:
            document, end = DECODER.raw_decode(text, BLANKS.match(text, end).end())  # type: ignore[union-attr]
        except json.JSONDecodeError as error:
            return found, text[end:], error.msg
        except (ValueError, RecursionError):  # a number of thousands of digits, or thousands of nested lists
            return found, text[end:], "a number or a nesting out of all bounds"
        found.append(document)


def _texts(chunks: Iterator[bytes]) -> Iterator[str]:
    try:
        yield from codecs.iterdecode(chunks, "utf-8")
    except UnicodeDecodeError as error:
        raise BrokenJsonError(f"byte 0x{error.object[error.start]:02x} is not UTF-8") from None


def _error_words(error: object) -> str:
    """Graph's code, or its message where the code is empty, shortened."""
    words = [str(error.get(name) or "") for name in ("code", "message")] if isinstance(error, dict) else []
    return repr(plain_text(next(filter(None, words), "no code")[:SHOWN_CHARS]))
