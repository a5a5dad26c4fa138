"""Help is whole, quick and fits the terminal."""

import subprocess
import sys

import pytest
import typer

from commands.main import app
from commands.support.exits import Exit
from tests.support.sites.terminal import ROOT, Terminal

HEAVY = {"prefect", "sqlalchemy", "alembic", "httpx", "msal", "pandas", "starlette", "fsspec", "psycopg"}
LOADED = """
import sys
from commands.main import main
try: main()
finally: print(*sys.modules)
"""
NAMES = sorted(typer.main.get_command(app).commands)


def test_every_option_says_what_it_does():
    root = typer.main.get_command(app)
    silent = [
        f"{name} {parameter.name}"
        for name, command in {"": root, **root.commands}.items()
        for parameter in command.params
        if not getattr(parameter, "help", None)
    ]
    assert silent == []


def test_help_lists_every_command_with_the_exit_codes(tmp_path):
    said = Terminal(tmp_path).type("--help")

    assert said.code == Exit.DONE
    assert [name for name in NAMES if f" {name} " not in said.out] == []
    assert "2 usage or configuration, 3 held" in said.everything


@pytest.mark.parametrize("name", NAMES)
def test_help_loads_nothing_heavy_and_fits_80_columns(tmp_path, name):
    """What is loaded is what its time goes into: without these, help is there in 0.2 s."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOADED, name, "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )

    *shown, loaded = done.stdout.splitlines()
    assert HEAVY & set(loaded.split()) == set()
    assert max(map(len, shown)) <= 80
    assert "YYYY-MM-DD" in done.stdout or "%Y" not in done.stdout


def test_the_version(tmp_path):
    said = Terminal(tmp_path).type("--version")

    assert said.code == Exit.DONE
    assert said.out.startswith("activation-sync")
