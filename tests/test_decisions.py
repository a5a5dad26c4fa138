"""DECISIONS.md can be found one's way in: a table of all of them, with what became of each."""

import re
from pathlib import Path

DECISIONS = (Path(__file__).parents[1] / "DECISIONS.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (\d{3}) (.+)$", DECISIONS, re.MULTILINE)
ROWS = re.findall(r"^\| (\d{3}) \| (.+) \| (.+) \|$", DECISIONS, re.MULTILINE)


def test_the_table_lists_every_decision_in_order() -> None:
    assert [(number, title) for number, title, _ in ROWS] == HEADINGS
    assert [number for number, _ in HEADINGS] == sorted({number for number, _ in HEADINGS})


def test_a_decision_that_another_supersedes_says_so_in_the_table() -> None:
    """Only decisions written later can supersede one, and they stand in this file."""
    later = {number: re.findall(r"\d{3}", status) for number, _, status in ROWS}
    known = {number for number, _ in HEADINGS}
    assert {number: [n for n in found if n not in known or n <= number] for number, found in later.items()} == {
        number: [] for number in later
    }
