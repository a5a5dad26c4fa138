"""Pages of the dashboard, read as a reader of Markdown reads them."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

READER = MarkdownIt("commonmark")


def listed_rows(markdown: str) -> dict[str, dict[str, str]]:
    """The rows of a page's list, by their first column; code without its backticks."""
    items = [_said(token.children or []) for token in READER.parse(markdown) if token.type == "inline"]
    return {first: dict(other.split(": ", 1) for other in others) for first, *others in items}


def _said(tokens: list[Token]) -> list[str]:
    return "".join(token.content for token in tokens).split(" \u00b7 ")
