"""Text of ours and of others as Markdown that shows it as it is. The dashboard reads everything as Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence

BETWEEN = " \u00b7 "
CODE = re.compile(r"(`[^`|]+`)")  # a cell ends at `|`, within code too
SPECIAL = re.compile(r"([\\*_\[\]<~&|`])")
# what makes a link of an address: as code, it makes none
PLACE = re.compile(r"(?<=[A-Za-z])://(?=[^\s`])|(?<=www)\.(?=[^\s`])|(?<=[\w.+-])@(?=\w)", re.IGNORECASE)
STARTS_A_BLOCK = re.compile(r"^([-+=#>]|\d+(?=[.)]))")  # an item of a list, a heading, a quotation


def markdown_text(text: str) -> str:
    """Text on one line that cannot become an item of a list, a heading, a link or HTML; `code` stays code."""
    pieces = CODE.split(" ".join(text.split()))
    escaped = "".join(_escaped(piece) if nth % 2 == 0 else piece for nth, piece in enumerate(pieces))
    return STARTS_A_BLOCK.sub(_escaped_start, escaped)


def markdown_list(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as items: the first column, then the others by name. For sentences, which a table would cut."""
    return "".join(f"{_item(row)}\n" for row in rows)


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with the same columns, in the order of the first; empty without rows. For numbers and short words."""
    if not rows:
        return ""
    head = [_line(rows[0]), f"|{'---|' * len(rows[0])}"]
    return "\n".join([*head, *(_line(row.values()) for row in rows)]) + "\n"


def _item(row: Mapping[str, str]) -> str:
    (_, first), *others = row.items()
    said = [f"{name}: {markdown_text(value)}" for name, value in others if value]
    return f"- {BETWEEN.join([f'**{markdown_text(first)}**', *said])}"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(markdown_text(str(cell)) for cell in cells)} |"


def _escaped(text: str) -> str:
    return PLACE.sub(r"`\g<0>`", SPECIAL.sub(r"\\\1", text))


def _escaped_start(found: re.Match[str]) -> str:
    start = found[1]
    return f"{start}\\" if start.isdigit() else f"\\{start}"
