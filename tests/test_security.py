"""SECURITY.md promises nothing that no test shows."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = re.findall(r"^\| (.+) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_whoever_is_stopped_is_stopped_by_something_that_a_test_shows() -> None:
    assert len(ROWS) > 15
    assert [row for row in ROWS if len(row.split(" | ")) != 4 or not NAMED.search(row.split(" | ")[3])] == []


def test_every_test_that_is_named_exists() -> None:
    named = [found for row in ROWS for found in NAMED.findall(row)]
    assert [f"{file}::{test}" for file, test in named if test not in functions_of(file)] == []
