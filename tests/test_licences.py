"""LICENCES.md lists what everything locked is licensed under, and allows all of it."""

import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tests.support.licences import is_allowed, stated_licence

ROOT = Path(__file__).parents[1]
ALLOWED_TEXT, LISTED_TEXT = (ROOT / "LICENCES.md").read_text(encoding="utf-8").split("## Packages")
ROW = re.compile(r"^\| ([\w.-]+) \| ([^|]+) \|", re.MULTILINE)
ALLOWED = {licence for licence, _ in ROW.findall(ALLOWED_TEXT)} - {"licence"}
LISTED = {package: licence for package, licence in ROW.findall(LISTED_TEXT) if package != "package"}
LOCKS = ("requirements.lock", "requirements-production.lock", "requirements-dev.lock")


def locked() -> list[str]:
    texts = [(ROOT / lock).read_text(encoding="utf-8") for lock in LOCKS]
    return sorted({name for text in texts for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)})


def test_every_locked_package_is_listed_with_its_licence_and_no_other() -> None:
    assert list(LISTED) == locked()


def test_every_listed_licence_is_allowed() -> None:
    assert {package: licence for package, licence in LISTED.items() if not is_allowed(licence, ALLOWED)} == {}


def test_an_installed_package_states_the_licence_that_is_listed() -> None:
    """Of a newer version, too. What is not installed here, since it is for another system, is listed by hand."""
    wrong = {}
    for package, licence in LISTED.items():
        try:
            stated = stated_licence(package)
        except PackageNotFoundError:
            continue
        if stated not in ("", licence):
            wrong[package] = stated
    assert wrong == {}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND (GPL-3.0-only OR ISC)", True),
        ("", False),
    ],
)
def test_of_a_choice_one_licence_must_be_allowed_of_a_sum_all(expression: str, expected: bool) -> None:
    assert is_allowed(expression, {"MIT", "ISC"}) is expected
