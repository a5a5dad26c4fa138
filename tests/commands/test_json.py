"""Every command with `--json` is run, and what it prints is what its schema promises: numbers and dates, not prose."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from typer.testing import CliRunner

from activation_sync.emulator import Fault
from commands.main import app
from tests.support.sites.offline_site import APPS, day, detail_csv
from tests.support.sites.site import PATCH, Site, open_site

SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in Path("commands/schemas").glob("*.json")}
COMMANDS = typer.main.get_command(app).commands
WITH_JSON = sorted(name for name, command in COMMANDS.items() if any(one.name == "as_json" for one in command.params))
FOR_PEOPLE = "Text for people"
DISPLAYED = re.compile(r"-|\d+ [a-z]+|.* -> .*|\d{1,3}(,\d{3})+|yes|no|none|nothing|never|\d+(\.\d+)? ?%")
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{name}.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
WINDOW = ("--from", "2026-01-01", "--to", "2026-01-02", "--reason", "of old")


def run(*words: str) -> Any:
    return json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)


@pytest.fixture(scope="module")
def printed(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Any]]]:
    """What each command prints on a warehouse in which there is something to say."""
    folder = tmp_path_factory.mktemp("json")
    with open_site(folder, f"sqlite:///{folder / 'warehouse.db'}") as site:
        found = [*_of_nights(site), *_of_people(site), *_of_past_dates(site), *_of_looks(site)]
        yield {name: [output for named, output in found if named == name] for name, _ in found}


def _of_nights(site: Site) -> Iterator[tuple[str, Any]]:
    for name in ("status", "history", "check", "plan"):
        yield name, run(name)
    yield "sync", run("sync")
    yield "status", run("status")


def _of_people(site: Site) -> Iterator[tuple[str, Any]]:
    product = site.query("SELECT product FROM activation_user_count ORDER BY assigned DESC LIMIT 1")[0][0]
    yield "correct", run("correct", product, "--assigned", "87", "--reason", "audit")
    site.emulator.will_answer(PATCH, Fault(400))
    yield "sync", run("sync")
    yield "why", run("why", product)
    yield "dead-letters", run("dead-letters")
    yield "retry", run("retry")
    site.execute("UPDATE activation_user_count SET assigned = assigned + 2")
    site.emulator.will_answer("GET getOffice365ActivationsUserDetail", Fault(kind="restated"))
    yield "sync", run("sync")
    conflicts = run("conflicts")
    yield "conflicts", conflicts
    yield "resolve", run("resolve", conflicts[0]["product"], "--take", "warehouse")
    resolved = run("history")[0]["run_id"]
    yield "revert", run("revert", resolved, "--dry-run")
    yield "revert", run("revert", resolved)


def _of_past_dates(site: Site) -> Iterator[tuple[str, Any]]:
    good, bad = site.folder / "good.csv", site.folder / "bad.csv"
    good.write_bytes(detail_csv(day(0), {APPS: 5}))
    bad.write_bytes(b"<html>")
    yield "import", run("import", str(good), str(bad))
    yield "backfill", run("backfill", *WINDOW, "--dry-run")
    yield "backfill", run("backfill", *WINDOW)
    yield "plan", run("plan")
    yield "withdraw", run("withdraw", "--date", "2026-01-01", "--reason", "wrong file", "--dry-run")
    yield "withdraw", run("withdraw", "--date", "2026-01-01", "--reason", "wrong file")


def _of_looks(site: Site) -> Iterator[tuple[str, Any]]:
    for name in ("status", "history", "verify-ledger", "migrate"):
        yield name, run(name)
    for words in (["--dry-run"], []):
        yield "restore", run("restore", *words)
    yield "verify-ledger", run("verify-ledger")
    yield "rebuild", run("rebuild", "--into", f"sqlite:///{site.folder / 'again.db'}")


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY, format_checker=FormatChecker())


def test_every_command_with_json_has_a_schema_and_no_other():
    assert sorted(SCHEMAS.keys() - {"common"}) == WITH_JSON


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str):
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", [name for name in WITH_JSON if name != "emulate"])  # see test_looking.py
def test_what_a_command_prints_is_what_its_schema_says(printed: dict[str, list[Any]], name: str):
    for output in printed[name]:
        problems = [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(output)]
        assert problems == []
    assert any(printed[name])  # an empty list would prove nothing


@pytest.mark.parametrize("name", [name for name in WITH_JSON if name != "emulate"])
def test_values_are_no_display_strings(printed: dict[str, list[Any]], name: str):
    prose = _keys_for_people(SCHEMAS[name]) | _keys_for_people(SCHEMAS["common"])

    shown = [text for output in printed[name] for key, text in _texts(output) if key not in prose]

    assert [text for text in shown if DISPLAYED.fullmatch(text)] == []


def test_a_display_string_is_noticed():
    shown = ["-", "3 rows", "87 -> 89", "1,234", "never", "12 %"]
    assert [text for text in shown if not DISPLAYED.fullmatch(text)] == []


def test_a_row_that_only_waits_for_a_report_of_a_past_date_is_counted_and_not_listed(printed: dict[str, list[Any]]):
    *_, plan = (output for [output] in printed["plan"])

    assert (plan["waiting"], plan["waiting_past"], plan["waiting_past_on"]) == (1, 1, ["2026-01-01"])
    assert "2026-01-01" not in [change["refreshed_on"] for change in plan["changes"]]


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def _keys_for_people(schema: Any, key: str = "") -> set[str]:
    """The keys whose values are described as text for people."""
    if isinstance(schema, list):
        return set().union(*(_keys_for_people(inner, key) for inner in schema))
    if not isinstance(schema, dict):
        return set()
    found = {key} if str(schema.get("description", "")).startswith(FOR_PEOPLE) else set()
    inner = [_keys_for_people(value, name) for name, value in schema.get("properties", {}).items()]
    beside = [_keys_for_people(schema[name], key) for name in ("items", "anyOf") if name in schema]
    named = [_keys_for_people(value) for value in schema.get("$defs", {}).values()]
    return found.union(*inner, *beside, *named)
