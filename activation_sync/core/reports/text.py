"""From chunks of bytes to text: UTF-8 with or without BOM, or a clear refusal that names the line."""

import codecs
import io
import re
from collections.abc import Iterator

from activation_sync.core.model import Report
from activation_sync.errors import ReportFormatError

# what tools put before the first header: blank lines, more than one byte order mark, zero-width spaces
LEAD = re.compile(rb"(?:\s|\xef\xbb\xbf|\xe2\x80\x8b|\xe2\x81\xa0)*")
UTF_16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
REMEDY = "Download the report again; the landed bytes stay as they are."


def format_error(report: Report, what: str, where: str = "") -> ReportFormatError:
    """The one shape of every refusal: which report, where in it, what, and the remedy."""
    place = f", {where}" if where else ""
    return ReportFormatError(f"{report} report{place}: {what}.", REMEDY)


def without_lead(report: Report, head: bytes) -> bytes:
    """The first bytes of a report, of whatever format, without what may stand before it; its line breaks stay."""
    if not head:
        raise format_error(report, "the file is empty, 0 bytes")
    if head.startswith(UTF_16_BOMS):
        raise format_error(report, "the file is UTF-16, not UTF-8", "line 1")
    begins_at = lead_bytes(head)
    return b"\n" * head.count(b"\n", 0, begins_at) + head[begins_at:]


def lead_bytes(head: bytes) -> int:
    """How many bytes stand before the first that mean something."""
    found = LEAD.match(head)
    return found.end() if found else 0


def text_lines(report: Report, chunks: Iterator[bytes], most_bytes: int) -> Iterator[str]:
    """The lines of a CSV file, their ends kept; only a line feed ends a line. most_bytes: of a line."""
    line = 1
    for block in _whole_lines(report, chunks, most_bytes):
        yield from io.StringIO(_decoded(report, block, line))
        line += block.count(b"\n")


def _whole_lines(report: Report, chunks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield _within(report, rest + chunk[:end], most_bytes)
            rest = b""
        rest += chunk[end:]
        if len(rest) > most_bytes:
            raise _long_line(report, most_bytes)
    yield rest


def _within(report: Report, block: bytes, most_bytes: int) -> bytes:
    if len(block) > most_bytes and max(map(len, block.split(b"\n"))) > most_bytes:
        raise _long_line(report, most_bytes)
    return block


def _long_line(report: Report, most_bytes: int) -> ReportFormatError:
    return format_error(report, f"a line is longer than {most_bytes:,} bytes (bounds.line_bytes)")


def _decoded(report: Report, block: bytes, first_line: int) -> str:
    if b"\0" in block:  # most text in UTF-16 without a mark, too, decodes as UTF-8 until the first umlaut
        line = first_line + block.count(b"\n", 0, block.index(b"\0"))
        raise format_error(report, "there is a NUL byte; the file is damaged or not UTF-8", f"line {line}")
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        line = first_line + block.count(b"\n", 0, error.start)
        raise format_error(report, f"byte 0x{block[error.start]:02x} is not UTF-8", f"line {line}") from None
