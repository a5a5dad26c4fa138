"""A table for a screen of any width: columns side by side as far as they fit, the widest below each row. Pure.

No word is ever broken. A line is wider than the screen only if a single word is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from textwrap import TextWrapper

from rich.cells import cell_len

from activation_sync.core.plain_text import plain_text

MARGIN, GAP = 1, 2  # in characters: before each line, between two columns
NOTHING = ("", "-")  # cells that need no line of their own

Row = Mapping[str, str]


def table_lines(rows: Sequence[Row], numeric: Collection[str], width: int) -> list[str]:
    """Head and rows; the columns are the keys of the first row. numeric: columns of numbers. width: in characters."""
    widths = {column: max(map(cell_len, (column, *(row[column] for row in rows)))) for column in rows[0]}
    beside = _beside(widths, numeric, width)
    head = {column: column for column in widths}
    lines = [_line(head, beside, numeric, width)]
    for row in rows:
        lines += [_line(row, beside, numeric, width), *_below(row, beside, width)]
    return lines


def _beside(widths: Mapping[str, int], numeric: Collection[str], width: int) -> dict[str, int]:
    """The columns that stand side by side. The first, which names the row, always does; numbers give way last."""
    beside = dict(widths)
    for column in sorted(list(widths)[1:], key=lambda one: (one in numeric, -widths[one])):
        if MARGIN + sum(beside.values()) + GAP * (len(beside) - 1) <= width:
            break
        del beside[column]
    return beside


def _line(row: Row, beside: Mapping[str, int], numeric: Collection[str], width: int) -> str:
    if len(beside) == 1:
        return "\n".join(_wrapped(_plain(row[column]), width, MARGIN) for column in beside)
    cells = (_justified(_plain(row[column]), size, column in numeric) for column, size in beside.items())
    return (" " * MARGIN + (" " * GAP).join(cells)).rstrip()


def _below(row: Row, beside: Mapping[str, int], width: int) -> Iterator[str]:
    """A line for each cell that did not fit, with the name of its column."""
    for column, cell in row.items():
        if column not in beside and cell not in NOTHING:
            yield _wrapped(f"{column}: {_plain(cell)}", width, MARGIN + GAP)


def _justified(cell: str, size: int, is_right: bool) -> str:
    space = " " * (size - cell_len(cell))
    return f"{space}{cell}" if is_right else f"{cell}{space}"


def _wrapped(text: str, width: int, indent: int) -> str:
    wrapper = TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    wrapper.initial_indent, wrapper.subsequent_indent = " " * indent, " " * (indent + GAP)
    return wrapper.fill(text)


def _plain(cell: str) -> str:
    return plain_text(cell)
