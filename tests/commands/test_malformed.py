"""A malformed tenant is named by every command, and is in the way of no other tenant."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.errors import ConfigError
from commands.main import app
from commands.support.exits import Exit
from tests.commands.test_check import MALFORMED
from tests.support.sites.offline_site import TENANT, OfflineSite, open_offline_site

MISTAKE = "tenants[1].client_id (tenant tailspin): the value is not a GUID"
BACKFILL = ["backfill", "--from", "2026-01-01", "--to", "2026-01-02", "--reason", "a look", "--dry-run"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OfflineSite]:
    with open_offline_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        file = site.folder / "activation-sync.toml"
        file.write_text(file.read_text(encoding="utf-8") + MALFORMED, encoding="utf-8")
        yield site


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["history"], Exit.USAGE, f"{TENANT}: no run yet; "),
        (["conflicts"], Exit.USAGE, "No conflict is open."),
        (["dead-letters"], Exit.USAGE, "No dead letters."),
        (["retry"], Exit.USAGE, "No dead letters to retry."),
        (["report", "--out", "page.html"], Exit.USAGE, f"Nothing is in the warehouse yet for {TENANT}"),
        (BACKFILL, Exit.FAILED, f"{TENANT}: "),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_is_named_by_every_command_that_goes_on_with_the_others(
    site: OfflineSite, monkeypatch: pytest.MonkeyPatch, words: list[str], code: Exit, said: str
):
    monkeypatch.chdir(site.folder)

    shown = run(*words)

    output = " ".join(shown.output.split())
    assert shown.exit_code == code, shown.output
    assert "tailspin: " in output
    assert MISTAKE in output
    assert said in output


@pytest.mark.parametrize("words", [["history", "tailspin"], ["why", "VISIO", "--tenant", "tailspin"]], ids=" ".join)
def test_asked_for_by_name_it_is_refused_with_its_mistake(site: OfflineSite, words: list[str]):
    refused = run(*words).exception

    assert isinstance(refused, ConfigError)
    assert MISTAKE in str(refused)


def test_it_does_not_make_the_other_tenant_the_only_one(site: OfflineSite):
    refused = run("why", "VISIO").exception

    assert isinstance(refused, ConfigError)
    assert f"choose with --tenant {TENANT}|tailspin" in str(refused)
