"""Text of ours and of others as Markdown that shows it as it is. The dashboard reads everything as Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence

CODE = re.compile(r"(`[^`|]+`)")  # a cell ends at `|`, within code too
SPECIAL = re.compile(r"([\\*_\[\]<~&|`])")
STARTS_A_BLOCK = re.compile(r"^([-+=#>]|\d+(?=[.)]))")  # an item of a list, a heading, a quotation


def markdown_text(text: str) -> str:
    """Text on one line that cannot become an item of a list, a heading, a link or HTML; `code` stays code."""
    pieces = CODE.split(" ".join(text.split()))
    escaped = "".join(SPECIAL.sub(r"\\\1", piece) if nth % 2 == 0 else piece for nth, piece in enumerate(pieces))
    return STARTS_A_BLOCK.sub(_escaped_start, escaped)


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with the same columns, in the order of the first; empty without rows."""
    if not rows:
        return ""
    head = [_line(rows[0]), f"|{'---|' * len(rows[0])}"]
    return "\n".join([*head, *(_line(row.values()) for row in rows)]) + "\n"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(markdown_text(str(cell)) for cell in cells)} |"


def _escaped_start(found: re.Match[str]) -> str:
    start = found[1]
    return f"{start}\\" if start.isdigit() else f"\\{start}"
