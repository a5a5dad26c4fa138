"""`check` looks at every tenant, whatever it finds at one of them, and ends with who needs somebody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.emulator import Fault, Scenario
from commands.main import app
from commands.support.exits import Exit
from tests.support.sites.site import Site, open_site

PLATFORMS = "GET getOffice365ActivationCounts"
MALFORMED = """
[[tenants]]
name = "tailspin"
tenant_id = "tailspin.example"
client_id = "no-guid"
client_secret = "env:TAILSPIN"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", Scenario(tenants=3, users=30)) as site:
        yield site


def check() -> Result:
    return CliRunner().invoke(app, ["check"])


def lines_of(said: Result, tenant: str) -> list[str]:
    return [line for line in said.stdout.splitlines() if f" {tenant}: " in line]


def add_malformed(site: Site) -> None:
    file = site.folder / "activation-sync.toml"
    file.write_text(file.read_text(encoding="utf-8") + MALFORMED, encoding="utf-8")


def test_all_is_fine_and_said_in_one_line(site: Site):
    said = check()

    assert said.exit_code == Exit.DONE
    assert said.stdout.splitlines()[-1] == "3 fine."


def test_neither_a_lost_secret_nor_a_malformed_entry_nor_a_refusal_keeps_another_tenant_from_its_turn(site: Site):
    first, second, third = (tenant.name for tenant in site.emulator.tenants)
    (site.folder / f"{first}.secret").unlink()
    (site.folder / f"{second}.secret").write_text("wrong", encoding="utf-8")
    add_malformed(site)

    said = check()

    assert said.exit_code == Exit.FAILED
    assert "client_secret refers to the file" in lines_of(said, first)[-1]
    assert "AADSTS7000215" in lines_of(said, second)[-1]
    assert "client_id (tenant tailspin): the value is not a GUID" in lines_of(said, "tailspin")[0]
    assert [line[:4] for line in lines_of(said, third)] == ["ok  "] * 6
    assert said.stdout.splitlines()[-1] == f"1 fine, 3 need you: {first}, {second}, tailspin"


def test_what_all_tenants_share_needs_somebody_by_its_own_name(site: Site):
    site.configure(landing={"url": str(site.folder / "activation-sync.toml" / "landing")})

    assert check().stdout.splitlines()[-1] == "3 fine, 1 needs you: the landing"


def test_a_report_that_a_night_can_do_without_is_a_note_and_needs_nobody(site: Site):
    site.emulator.will_answer(PLATFORMS, Fault(status=403), tenant=site.tenant.name)

    said = check()

    [note] = [line for line in lines_of(said, site.tenant.name) if line.startswith("note")]
    assert "report platform-counts: a night goes on without it: " in note
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (Exit.DONE, "3 fine.")
