"""Text in the dashboard's Markdown is read as the text it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from activation_sync.core.pages.markdown import markdown_list, markdown_table, markdown_text

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINK = re.compile(r"://\S|www\.\S|\S@\S", re.IGNORECASE)  # in text, and the dashboard makes a link of it
HOSTILE = [
    *("- -> 170", "* 5", "+ 5", "1. one", "2) two", "# 5", "> quoted", "=", "---", "~~gone~~", "**bold**", "_x_"),
    *("[x](http://evil.example)", "![x](http://evil.example/x)", "<b>x</b>", "<script>alert(1)</script>", "&lt;"),
    *(
        "a | b",
        "`a | b`",
        "`",
        "a ``b",
        "\\",
        "\\|",
        "ends with \\",
        "`<b>`",
        "min_judged_rows = 20",
        "<http://x.example>",
    ),
]
ADDRESSES = ("://", ".", "@")  # what makes a link of an address stands as code
PLAIN = {"text", "code_inline", "softbreak", "text_special"}


def inline(markdown: str) -> list[list[Token]]:
    return [token.children or [] for token in READER.parse(markdown) if token.type == "inline"]


def said(tokens: list[Token]) -> str:
    """What a reader sees; code of ours is shown between its backticks, as it was written."""
    return "".join(
        one.content if one.type != "code_inline" or one.content in ADDRESSES else f"`{one.content}`" for one in tokens
    )


def as_read(text: str) -> str:
    """White space is one blank."""
    return " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_in_a_paragraph_and_in_a_cell(text):
    assert {token.type for token in READER.parse(markdown_text(text))} <= {
        *("paragraph_open", "paragraph_close", "inline"),
    }
    [paragraph] = inline(markdown_text(text))
    [_, cell] = inline(markdown_table([{"product": text}]))
    for tokens in (paragraph, cell):
        assert {one.type for one in tokens} <= PLAIN
        assert said(tokens) == text


READABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" *_[]<>|`\\&#-+~1.)!"), min_size=1)


@given(READABLE.filter(str.strip), READABLE.filter(str.strip))
def test_any_text_is_read_as_it_is_and_no_cell_becomes_two(first, second):
    [_, _, *cells] = inline(markdown_table([{"product": first, "why": second}]))
    assert {one.type for tokens in cells for one in tokens} <= PLAIN
    assert [as_read(said(tokens)) for tokens in cells] == [as_read(first), as_read(second)]


@pytest.mark.parametrize(
    "address",
    ["http://evil.example", "HTTPS://evil.example/x", "www.evil.example", "ann@evil.example", "_a_@evil.example"],
)
def test_an_address_becomes_no_link(address):
    for text in (address, f"see {address}.", f"`x`{address}"):
        for markdown in (markdown_text(text), markdown_list([{"product": text, "why": text}])):
            texts = [
                one.content for tokens in inline(markdown) for one in tokens if one.type in ("text", "text_special")
            ]
            assert not any(LINK.search(found) for found in texts)


@given(READABLE.filter(str.strip), READABLE.filter(str.strip))
def test_a_row_of_a_list_is_one_item_and_its_text_is_read_as_it_is(first, second):
    tokens = READER.parse(markdown_list([{"product": first, "why": second}, {"product": "x", "why": ""}]))
    assert [token.type for token in tokens].count("list_item_open") == 2
    assert [token.type for token in tokens].count("bullet_list_open") == 1


def test_code_between_backticks_stays_code():
    [tokens] = inline(markdown_text("run `retry`."))
    assert [one.content for one in tokens if one.type == "code_inline"] == ["retry"]


def test_a_table_without_rows_is_empty():
    assert markdown_table([]) == ""
