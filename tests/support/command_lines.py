"""Command lines as production files have them, told from mistyped ones by the commands themselves."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import prefect.cli  # noqa: F401  its commands are known once it is imported
from prefect.cli._app import _app
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names
from typer.main import get_command

from commands.main import app
from config.sources import FILE_VARIABLE, PREFIX

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
OF_OTHERS = {"PATH", "PYTHONUNBUFFERED", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "DO_NOT_TRACK"}
OF_POSTGRES = {"POSTGRES_USER", "POSTGRES_PASSWORD_FILE", "POSTGRES_DB"}
PINNED = re.compile(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}")  # the tag is for people, the digest for the engine
SET_BEFORE = re.compile(r"^(\w+=\S+ +)+")  # variables for one command
FILLED_IN = {"DATE": "2026-11-21", "N": "5"}
WAREHOUSE_URL = f"{PREFIX}WAREHOUSE__URL"
KNOWN_VARIABLES = {*_get_valid_setting_names(Settings), *OF_OTHERS, *OF_POSTGRES, FILE_VARIABLE, WAREHOUSE_URL}


def complaint_about(words: Sequence[str]) -> str:
    """What our command, or Prefect's, would say against these words; empty when it would take them."""
    program, *rest = words
    try:
        {"prefect": _read_by_prefect, "activation-sync": _read_by_us}[Path(program).name](rest)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _read_by_prefect(words: list[str]) -> None:
    _app.parse_args(words, print_error=False, exit_on_error=False)


def _read_by_us(words: list[str]) -> None:
    group = get_command(app)
    if words != ["--help"]:
        name, command, rest = group.resolve_command(group.make_context("activation-sync", [*words]), [*words])
        command.make_context(name, rest)


def commands_in(markdown: str) -> Iterator[list[str]]:
    """Our commands and Prefect's, as fences and inline code have them; capitals stand for what people fill in."""
    for line in _code_lines(markdown):
        typed = SET_BEFORE.sub("", line.partition(" #")[0].strip())
        if typed.startswith(("prefect ", "activation-sync ")) and "..." not in typed.split():
            yield [FILLED_IN.get(word, word) for word in shlex.split(re.sub(r"[\[\]]", "", typed))]


def _code_lines(markdown: str) -> list[str]:
    fences = re.findall(r"^```\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```\n.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return [line for fence in fences for line in fence.splitlines()] + re.findall(r"`([^`\n]+)`", prose)
