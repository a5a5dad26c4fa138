"""From chunks of bytes to text: UTF-8 with or without BOM, or a clear refusal that names the line."""

import codecs
import io
from collections.abc import Iterator

from activation_sync.core.model import Report
from activation_sync.errors import ReportFormatError

MAX_LINE_BYTES = 1_000_000  # far beyond any row; stops a file without line ends from filling the memory
UTF_16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
REMEDY = "Download the report again; the landed bytes stay as they are."


def format_error(report: Report, what: str, where: str = "") -> ReportFormatError:
    """The one shape of every refusal: which report, where in it, what, and the remedy."""
    place = f", {where}" if where else ""
    return ReportFormatError(f"{report} report{place}: {what}.", REMEDY)


def without_bom(report: Report, head: bytes) -> bytes:
    """The first bytes of a report, of whatever format, without its byte order mark."""
    if not head:
        raise format_error(report, "the file is empty, 0 bytes")
    if head.startswith(UTF_16_BOMS):
        raise format_error(report, "the file is UTF-16, not UTF-8", "line 1")
    return head.removeprefix(codecs.BOM_UTF8)


def text_lines(report: Report, chunks: Iterator[bytes]) -> Iterator[str]:
    """The lines of a CSV file, their ends kept; only a line feed ends a line."""
    line = 1
    for block in _whole_lines(report, chunks):
        yield from io.StringIO(_decoded(report, block, line))
        line += block.count(b"\n")


def _whole_lines(report: Report, chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = b""
        rest += chunk[end:]
        if len(rest) > MAX_LINE_BYTES:
            raise format_error(report, f"a line is longer than {MAX_LINE_BYTES:,} bytes")
    yield rest


def _decoded(report: Report, block: bytes, first_line: int) -> str:
    if b"\0" in block:  # most text in UTF-16 without a mark, too, decodes as UTF-8 until the first umlaut
        line = first_line + block.count(b"\n", 0, block.index(b"\0"))
        raise format_error(report, "there is a NUL byte; the file is damaged or not UTF-8", f"line {line}")
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        line = first_line + block.count(b"\n", 0, error.start)
        raise format_error(report, f"byte 0x{block[error.start]:02x} is not UTF-8", f"line {line}") from None
