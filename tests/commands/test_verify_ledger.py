"""`verify-ledger` speaks of every tenant's chain, and its exit code tells a script."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine
from typer.testing import CliRunner

from activation_sync.core.pages.plan_view import summarise_act
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import PlanView
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.ledger.ledger import Act, record_act
from activation_sync.warehouse.runs.runs import record_run, record_run_started
from commands.main import app
from commands.support.exits import exit_of_error
from config.sources import use_file
from tasks.ledger import note_newest_head
from tests.support.rows import stamp
from tests.support.sites.ledgers import let_ledger_change
from tests.support.sites.secret_files import write_secret

TENANT = """
[[tenants]]
name = "contoso"
tenant_id = "contoso.onmicrosoft.com"
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = "file:secret"
"""


@pytest.fixture
def ledger(own_configuration: None, tmp_path: Path, warehouse_url: str, engine: Engine) -> Iterator[Engine]:
    """Two tenants with an act each."""
    write_secret(tmp_path / "secret", "a secret")
    write_secret(tmp_path / "url", warehouse_url)
    file = tmp_path / "activation-sync.toml"
    landing = tmp_path / "landing"
    file.write_text(f'[warehouse]\nurl = "file:url"\n[landing]\nurl = "{landing}"\n{TENANT}', encoding="utf-8")
    use_file(file)
    with writing(engine) as conn:
        for tenant in ("contoso", "fabrikam"):
            for note in ("as agreed", "as agreed again"):
                record_act(conn, tenant, Act("approve", note), stamp().by("somebody"))
    for tenant in ("contoso", "fabrikam"):
        note_newest_head(tenant, stamp())
    return engine


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify-ledger", *arguments])


def heads(result: Result) -> list[str]:
    return [proof["head"] for proof in json.loads(result.stdout)]


def test_a_whole_ledger_is_proven_with_rows_and_head(ledger):
    result = verify()
    assert result.exit_code == 0
    assert [f"{tenant}: 2 rows intact; head " in result.stdout for tenant in ("contoso", "fabrikam")] == [
        True,
        True,
    ]
    assert len(heads(verify("contoso", "--json"))) == 1


def test_a_head_noted_earlier_is_found_or_missed(ledger):
    head = heads(verify("--json"))[0]
    assert verify("--head", head).exit_code == 0
    missed = verify("--head", "0" * 64)
    assert missed.exit_code == 1
    assert "were cut off" in missed.output


def test_the_first_broken_row_is_named(ledger):
    let_ledger_change(ledger, "UPDATE ledger SET note = 'never' WHERE tenant = 'contoso'")
    result = verify()
    assert result.exit_code == 1
    assert "row 1 of 2026-11-21" in result.output
    assert "altered" in result.output
    assert "fabrikam: 2 rows intact" in result.output


LAST = "DELETE FROM ledger WHERE id = (SELECT max(id) FROM ledger WHERE tenant = 'contoso')"
ALL = "DELETE FROM ledger WHERE tenant = 'contoso'"


@pytest.mark.parametrize("gone", [LAST, ALL], ids=["a tail cut off", "an emptied ledger"])
def test_rows_that_were_cut_off_show_although_nobody_noted_a_head_by_hand(ledger, gone):
    let_ledger_change(ledger, gone)

    result = verify()

    assert result.exit_code == 1
    assert "is not among them: rows were cut off or written anew" in result.output
    assert "fabrikam: 2 rows intact" in result.output
    assert json.loads(verify("contoso", "--json").stdout)[0]["lost"]["run_id"] == stamp().run_id


def test_a_chain_that_was_written_anew_shows_although_each_of_its_rows_seals_the_one_before(ledger):
    let_ledger_change(ledger, ALL)
    with writing(ledger) as conn:
        for note in ("as agreed", "as nobody agreed"):
            record_act(conn, "contoso", Act("approve", note), stamp().by("somebody"))

    result = verify("contoso")

    assert result.exit_code == 1
    assert "2 rows intact" in result.output
    assert "written anew" in result.output


def test_a_ledger_that_was_emptied_together_with_its_notes_shows_by_the_runs_on_record(ledger):
    with writing(ledger) as conn:
        for tenant, run_id in (("northwind", "a-run"), ("tailspin", "b-run")):
            record_run_started(conn, tenant, stamp().at.date(), replace(stamp(), run_id=run_id), RunKind.SYNC)
        record_run(conn, summarise_act(PlanView("northwind"), "a-run", stamp().at.date()), at=stamp().at)

    assert verify("northwind").exit_code == 1
    assert "the ledger was emptied" in verify("northwind").output
    assert verify("tailspin").exit_code == 0, "its only run never came to an end"


def test_a_run_that_recorded_a_head_shows_when_all_notes_are_gone(ledger):
    summary = summarise_act(PlanView("northwind"), "a-run", stamp().at.date())
    with writing(ledger) as conn:
        record_act(conn, "northwind", Act("approve", "as agreed"), stamp().by("somebody"))
        record_run_started(conn, "northwind", summary.as_of, replace(stamp(), run_id="a-run"), RunKind.SYNC)
        record_run(conn, replace(summary, head="abc"), at=stamp().at)

    result = verify("northwind")

    assert result.exit_code == 1
    assert "no head is noted in the landing, although a run recorded one (abc...)" in result.output


def test_a_damaged_note_is_named_and_the_other_tenants_are_proven_all_the_same(ledger, tmp_path):
    [note] = (tmp_path / "landing" / "_heads" / "contoso").rglob("*.json")
    note.write_text(note.read_text()[:30])

    result = verify()

    assert result.exit_code == 1
    assert f"{note.name} is damaged" in result.output
    assert "fabrikam: 2 rows intact" in result.output


def test_rows_that_stand_behind_a_broken_one_are_not_said_to_be_missing(ledger):
    let_ledger_change(ledger, "DELETE FROM ledger WHERE id = (SELECT min(id) FROM ledger WHERE tenant = 'contoso')")

    result = verify("contoso")

    assert result.exit_code == 1
    assert "the row before it is missing" in result.output
    assert "is not among them" not in result.output


def test_a_tenant_that_nobody_knows_is_a_mistake_of_whoever_typed_it(ledger):
    result = verify("cotnoso")

    assert isinstance(result.exception, ChoiceError)
    assert exit_of_error(result.exception) == 2
    assert "contoso, fabrikam" in str(result.exception)
