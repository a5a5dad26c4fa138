"""Tables can be read at any width: nothing in them is broken or left out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from commands.main import app
from commands.support.tables import table_lines
from tests.support.sites.site import Site
from tests.support.sites.upgraded import open_upgraded

ROOT = Path(__file__).parents[2]
WIDTHS = (80, 100, 200)
WIDEST = 1_000
ROWS = [
    {"product": "MICROSOFT 365 APPS FOR ENTERPRISE", "assigned": "382 -> 47", "why": "usage data moved", "since": "-"},
    {"product": "VISIO PRO", "assigned": "5", "why": "-", "since": "2026-11-21"},
]
TABLES = (
    ["status"],
    ["history"],
    ["conflicts"],
    ["plan"],
    ["why", "Project Client", "--date", "2026-11-24"],
    ["backfill", "--from", "2026-11-20", "--to", "2026-11-25", "--reason", "a look", "--dry-run"],
    ["rebuild"],
)
words = st.text("ab-:,2", min_size=1, max_size=20)
cells = st.lists(words, max_size=12).map(" ".join)
tables = st.integers(1, 6).flatmap(
    lambda columns: st.lists(
        st.lists(cells, min_size=columns, max_size=columns).map(
            lambda row: {f"column {number}": cell for number, cell in enumerate(row)}
        ),
        min_size=1,
        max_size=4,
    )
)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_upgraded(tmp_path_factory.mktemp("upgraded")) as site:
        yield site


def test_columns_stand_side_by_side_where_they_fit():
    assert table_lines(ROWS, ["assigned"], 80) == [
        " product                             assigned  why               since",
        " MICROSOFT 365 APPS FOR ENTERPRISE  382 -> 47  usage data moved  -",
        " VISIO PRO                                  5  -                 2026-11-21",
    ]


def test_the_widest_column_goes_below_its_row_and_numbers_go_last():
    assert table_lines(ROWS, ["assigned"], 60) == [
        " product                             assigned  since",
        " MICROSOFT 365 APPS FOR ENTERPRISE  382 -> 47  -",
        "   why: usage data moved",
        " VISIO PRO                                  5  2026-11-21",
    ]
    assert table_lines(ROWS[:1], ["assigned"], 20) == [
        " product",
        " MICROSOFT 365 APPS\n   FOR ENTERPRISE",
        "   assigned: 382 ->\n     47",
        "   why: usage data\n     moved",
    ]


@given(tables, st.integers(20, 200))
def test_at_no_width_a_word_is_broken_or_a_line_wider_than_its_only_word(rows: list[dict[str, str]], width: int):
    text = "\n".join(table_lines(rows, [], width))

    shown, said = text.split(), {word for row in rows for cell in row.values() if cell != "-" for word in cell.split()}
    assert said <= set(shown)
    assert [line for line in text.splitlines() if len(line) > width and len(line.split()) > 2] == []


@pytest.mark.parametrize("typed", TABLES, ids=lambda typed: typed[0])
def test_every_table_says_the_same_at_every_width(upgraded: Site, tmp_path: Path, typed: list[str]):
    def shown(width: int) -> Result:
        into = ["--into", f"sqlite:///{tmp_path / f'{width}.db'}"] if typed == ["rebuild"] else []
        return CliRunner().invoke(app, [*typed, *into], env={"COLUMNS": str(width)})

    whole = shown(WIDEST)
    assert "\u2500\u2500" in whole.stdout, whole.output
    for width in WIDTHS:
        said = shown(width)
        lines = [line for line in said.stdout.splitlines() if re.match(r" \S|   \S", line)]
        assert said.exit_code == whole.exit_code
        assert words_of(whole) - words_of(said) == set()
        assert [line for line in lines if len(line) > width] == []


def test_counts_of_a_plan_stand_to_the_right_under_their_measure(upgraded: Site):
    said = CliRunner().invoke(app, ["plan"], env={"COLUMNS": str(WIDEST)}).stdout.splitlines()

    tables = [
        (head, row) for head, _, row in zip(said, said[1:], said[2:], strict=False) if head.startswith(" product")
    ]
    first_rows = [(head.index("shared") + len("shared"), row) for head, row in tables]
    assert first_rows
    assert [row for end, row in first_rows if not row[end - 1].isdigit()] == []


def words_of(said: Result) -> set[str]:
    """Each word once, without the colon behind the name of a column; `-` stands for nothing."""
    return {word.rstrip(":") for word in said.stdout.replace("\u2500", "").split()} - {"-"}


def test_there_is_one_door_for_tables():
    rooms = [path for path in (ROOT / "commands").rglob("*.py") if "rich.table" in path.read_text(encoding="utf-8")]

    assert rooms == []
