"""Whatever is wrong, a command says what, with the remedy, and ends with the code that a script can act on."""

import socket
from pathlib import Path

import pytest
import trustme

from activation_sync.emulator import Fault, Scenario
from commands.support.exits import Exit
from tests.support.sites.terminal import Terminal

COUNTS = "GET getOffice365ActivationsUserCounts"
NOWHERE = "00000000-0000-4000-8000-000000000000"
TENANT_ID, CLIENT_ID = (f"ACTIVATION_SYNC__TENANTS__0__{name}_ID" for name in ("TENANT", "CLIENT"))


def closed_origin() -> str:
    """An address of this machine on which nothing listens."""
    with socket.socket() as briefly:
        briefly.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{briefly.getsockname()[1]}"


def expect_said(
    terminal: Terminal, *words: str, code: Exit = Exit.FAILED, command: str = "plan", **variables: str
) -> None:
    """Every word must be on the screen; of `plan` and the like nothing is on standard output."""
    said = terminal.type(command, **variables)
    assert said.code == code, said.everything
    assert [word for word in words if word not in said.everything] == [], said.everything


def test_a_wrong_secret_is_named_by_what_microsoft_calls_it(terminal, site):
    (site.folder / f"{site.tenant.name}.secret").write_text("not-the-secret-at-all")
    terminal.secrets = [*terminal.secrets, "not-the-secret-at-all"]

    expect_said(terminal, "AADSTS7000215", "make a new one and configure it")
    expect_said(terminal, "bad contoso: token: ", "AADSTS7000215", command="check")


def test_a_tenant_that_does_not_exist(terminal):
    expect_said(terminal, f"There is no tenant {NOWHERE}", "check the tenant id", **{TENANT_ID: NOWHERE})


def test_an_application_that_the_tenant_does_not_know(terminal):
    expect_said(terminal, "AADSTS700016", NOWHERE, "check both ids", **{CLIENT_ID: NOWHERE})


def test_no_network(terminal):
    origin = closed_origin()

    expect_said(terminal, f"{origin} did not answer", "check", ACTIVATION_SYNC__GRAPH__AUTHORITY_ROOT=origin)


def test_a_landing_that_cannot_be_used_is_found_by_check(terminal, tmp_path):
    (tmp_path / "a-file").touch()
    url = f"{tmp_path}/a-file"

    expect_said(
        terminal, "bad landing: ", "check the landing's URL", command="check", ACTIVATION_SYNC__LANDING__URL=url
    )


def test_a_certificate_of_somebody_else(terminal, tmp_path):
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)

    expect_said(terminal, "is not trusted", "CA file", code=Exit.USAGE, ACTIVATION_SYNC__GRAPH__CA_FILE=str(stranger))


@pytest.mark.parametrize("scenario", [Scenario(users=60, roles={"contoso": ()})])
def test_a_missing_permission_is_named(terminal):
    expect_said(terminal, "403", "Reports.Read.All")
    expect_said(terminal, "bad contoso: permission: grant", "Reports.Read.All", command="check")


@pytest.mark.parametrize("scenario", [Scenario(users=60, roles={"contoso": ("Reports.Read.All.Selected",)})])
def test_a_permission_with_a_longer_name_is_another_one(terminal):
    expect_said(terminal, "bad contoso: permission: grant", "Reports.Read.All and admin consent", command="check")


def test_a_report_that_graph_does_not_find(terminal, site):
    site.emulator.will_answer(COUNTS, Fault(kind="unknown-tenant"))

    expect_said(terminal, "404", "UnknownTenantId")


def test_no_configuration_file(tmp_path: Path):
    empty = Terminal(tmp_path)

    for command in ("check", "sync", "status"):
        expect_said(
            empty,
            str(tmp_path / "activation-sync.toml"),
            "config/example.toml",
            "demo",
            code=Exit.USAGE,
            command=command,
        )


MISTAKES = """
[warehouse]
url = "mysql://somewhere"
[landing]
path = "landing"
[graph]
cloud = "mars"
root = "http://graph.example"
longest_wait_s = "soon"
[sync]
max_change_share = 3
names = "hash"
[write_back]
batch_size = 100
[[tenants]]
name = "Contoso Ltd"
tenant_id = "common"
client_id = "me"
client_secret = "hunter2-written-down"
"""
NAMED = (
    *("warehouse.url", "landing.path", "graph.cloud", "graph.root", "graph.longest_wait_s", "sync.max_change_share"),
    *("write_back.batch_size", "tenants[0].name", "tenants[0].tenant_id", "tenants[0].client_id"),
    *("tenants[0].client_secret",),
)


def test_a_file_with_ten_mistakes_is_answered_with_all_of_them(tmp_path: Path):
    (tmp_path / "activation-sync.toml").write_text(MISTAKES)
    terminal = Terminal(tmp_path, secrets=["hunter2-written-down"])

    expect_said(terminal, *NAMED, "mistakes in the configuration", code=Exit.USAGE, command="check")


@pytest.mark.parametrize("command", ["check", "plan", "sync", "status"])
def test_a_tenant_nobody_configured(terminal: Terminal, command: str):
    said = terminal.type(command, "contosso")

    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err == "error: tenant 'contosso' is not configured; known: contoso\n"


@pytest.mark.parametrize("scenario", [Scenario(tenants=2, users=60)])
def test_several_tenants_and_no_choice_among_them(terminal: Terminal):
    said = terminal.type("why", "PROJECT CLIENT")

    assert said.code == Exit.USAGE
    assert "contoso|fabrikam" in said.err


@pytest.mark.parametrize("scenario", [Scenario(tenants=2, users=60)])
def test_one_tenants_trouble_stays_its_own(terminal: Terminal):
    said = terminal.type("plan", "--json", **{TENANT_ID: NOWHERE})

    assert said.code == Exit.FAILED
    assert [plan["tenant"] for plan in said.json] == ["fabrikam"]
    assert said.err.startswith("error: contoso: ")


@pytest.mark.parametrize("words", [["nope"], ["plan", "--nope"], ["why"], ["sync", "--as-of", "today"], []])
def test_what_cannot_be_understood_is_answered_with_usage(tmp_path: Path, words: list[str]):
    said = Terminal(tmp_path).type(*words)

    assert said.code == Exit.USAGE
    assert "Usage: activation-sync" in said.everything
