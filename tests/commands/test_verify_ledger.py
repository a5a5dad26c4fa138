"""`verify-ledger` speaks of every tenant's chain, and its exit code tells a script."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.ledger.ledger import Act, record_act
from commands.main import app
from config.sources import use_file
from tests.support.rows import stamp
from tests.support.secret_files import write_secret

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
    file.write_text(f'[warehouse]\nurl = "file:url"\n{TENANT}', encoding="utf-8")
    use_file(file)
    with writing(engine) as conn:
        for tenant in ("contoso", "fabrikam"):
            record_act(conn, tenant, Act("approve", "as agreed"), stamp().by("somebody"))
    return engine


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify-ledger", *arguments])


def heads(result: Result) -> list[str]:
    return [proof["head"] for proof in json.loads(result.stdout)]


def test_a_whole_ledger_is_proven_with_rows_and_head(ledger):
    result = verify()
    assert result.exit_code == 0
    assert [f"{tenant}: 1 rows are intact; head " in result.stdout for tenant in ("contoso", "fabrikam")] == [
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
    guard = (
        "DROP TRIGGER ledger_refuses_update"
        if ledger.dialect.name == "sqlite"
        else "ALTER TABLE ledger DISABLE TRIGGER USER"
    )
    with ledger.begin() as conn:
        conn.execute(text(guard))
        conn.execute(text("UPDATE ledger SET note = 'never' WHERE tenant = 'contoso'"))
    result = verify()
    assert result.exit_code == 1
    assert "row 1 of 2026-11-21" in result.output
    assert "altered" in result.output
    assert "fabrikam: 1 rows are intact" in result.output
