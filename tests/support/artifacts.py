"""Pages of the dashboard, read as a reader of Markdown reads them."""

from markdown_it import MarkdownIt

READER = MarkdownIt("commonmark").enable("table")


def table_rows(markdown: str) -> list[dict[str, str]]:
    """The rows of a page's only table; code without its backticks."""
    lines: list[list[str]] = []
    for token in READER.parse(markdown):
        if token.type == "tr_open":
            lines.append([])
        elif token.type == "inline" and lines:
            lines[-1].append("".join(child.content for child in token.children or []))
    head, *rows = lines
    return [dict(zip(head, row, strict=True)) for row in rows]
