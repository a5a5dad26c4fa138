"""The door for what comes over the wire: texts become plain, and nothing is nested without end."""

from collections.abc import Mapping
from typing import Any

from activation_sync.core.plain_text import plain_text

DEEPEST = 64  # how deep a body may be nested; Graph's own are a handful
HEADER_CHARS, ETAG_CHARS, ID_CHARS = 8_192, 256, 200


def plain_headers(headers: Mapping[str, object]) -> dict[str, str]:
    """Headers by their names in lower case."""
    return {plain_text(name).lower(): plain_text(str(value)[:HEADER_CHARS]) for name, value in headers.items()}


def plain_json(value: Any, room: int = DEEPEST) -> Any:
    """A JSON value with all its texts plain; lists are changed where they stand, since they may be long.

    Raises ValueError for one that is nested too deep.
    """
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list | dict) and not room:
        raise ValueError(f"nested more than {DEEPEST} deep")
    if isinstance(value, list):
        for place, item in enumerate(value):
            value[place] = plain_json(item, room - 1)
    if isinstance(value, dict):
        return {plain_text(name): plain_json(item, room - 1) for name, item in value.items()}
    return value


def etag_of(value: object) -> str | None:
    """An ETag as it can be sent back: printable ASCII of no great length; None for anything else."""
    is_sendable = isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= ETAG_CHARS
    return value if is_sendable and isinstance(value, str) and value else None


def row_id(row: Mapping[str, object]) -> str | None:
    """The id that Graph gave a row; None for what is no text, or too long to be one."""
    value = row.get("id")
    return value if isinstance(value, str) and 0 < len(value) <= ID_CHARS else None
