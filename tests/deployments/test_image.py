"""The Dockerfile, by what can be known without an engine."""

import re
from fnmatch import fnmatch

import pytest

from tests.support.command_lines import DEPLOYMENTS, KNOWN_VARIABLES, PINNED, ROOT

DOCKERFILE = (DEPLOYMENTS / "Dockerfile").read_text(encoding="utf-8")
STEPS = [
    line.split(maxsplit=1) for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")
]
COPIED = [words.split()[:-1] for step, words in STEPS if step == "COPY" and not words.startswith("--from")]
IGNORED = (DEPLOYMENTS / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
LET_THROUGH = [line[1:] for line in IGNORED if line.startswith("!")]


@pytest.mark.parametrize("path", sorted({path for paths in COPIED for path in paths}))
def test_what_is_copied_is_there_and_is_let_through(path):
    assert (ROOT / path).exists()
    assert any(path == allowed or path.startswith(f"{allowed}/") for allowed in LET_THROUGH)


def test_nothing_else_is_let_through():
    """No secret, warehouse or history of a checkout reaches a layer, or even the engine."""
    assert IGNORED[[line.startswith("#") for line in IGNORED].count(True)] == "*"
    assert sorted(LET_THROUGH) == sorted({path for paths in COPIED for path in paths})


def test_every_room_of_the_application_is_copied():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= {path for paths in COPIED for path in paths}


def test_what_is_registered_is_copied():
    registered = {path.relative_to(ROOT).as_posix() for path in DEPLOYMENTS.glob("*.yaml")} - {
        "deployments/compose.yaml"
    }
    assert registered <= {path for paths in COPIED for path in paths}


def test_packages_come_from_the_lock_file_with_hashes_only():
    installs = re.findall(r"pip install (.*?)(?:&&|$)", DOCKERFILE, re.MULTILINE)
    assert [("--no-deps" in words, "--require-hashes" in words or "--editable ." in words) for words in installs] == [
        (True, True)
    ] * 2


def test_the_image_below_is_one_and_named_by_its_digest():
    [below, *others] = [words.split(" AS ") for step, words in STEPS if step == "FROM"]
    assert PINNED.fullmatch(below[0])
    assert {words[0] for words in others} == {below[1]}


def test_the_accounts_of_server_and_workers_are_made_each_with_a_folder_that_the_other_cannot_read():
    made = re.findall(r"useradd --uid (\d+) --home-dir (\S+) --create-home (\S+)", DOCKERFILE)
    assert [(uid, home.rsplit("/", 1)[1]) for uid, home, _ in made] == [
        ("10001", "activation-sync"),
        ("10002", "activation-sync-server"),
    ]
    assert f"chmod 0700 {' '.join(home for _, home, _ in made)}" in DOCKERFILE


def test_it_does_not_run_as_root_and_each_variable_is_read_by_somebody():
    assert [words for step, words in STEPS if step == "USER"] == ["10001"]
    set_here = re.findall(r"(\w+)=", " ".join(words for step, words in STEPS if step == "ENV"))
    assert set(set_here) <= KNOWN_VARIABLES
    assert not any(fnmatch(name, "*AUTH*") or fnmatch(name, "*PASSWORD*") for name in set_here)
