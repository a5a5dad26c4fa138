"""Every mistake is named at once, with its key and the remedy; a secret is never repeated."""

from collections.abc import Callable
from pathlib import Path

import pytest

from activation_sync.errors import ConfigError
from config.settings import load_settings
from tests.config.conftest import SECRET, TENANT, Load

Problems = Callable[..., tuple[str, ...]]


@pytest.fixture
def problems(load: Load) -> Problems:
    """The mistakes that stop everything, in these lines; the test fails when there are none."""

    def found(lines: str = "", tenants: str = TENANT) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as refusal:
            load(lines, tenants)
        return refusal.value.problems

    return found


@pytest.fixture
def own_problems(load: Load) -> Problems:
    """The mistakes that are each tenant's own, in these lines; the test fails when there are none."""

    def found(lines: str = "", tenants: str = TENANT) -> tuple[str, ...]:
        malformed = load(lines, tenants).malformed
        assert malformed
        return tuple(problem for problems in malformed.values() for problem in problems)

    return found


TEN_MISTAKES = f"""
colour = "red"
[warehouse]
url = "postgresql+psycopg://sync:{SECRET}@db/counts"
[graph]
cluod = "global"
root = "http://127.0.0.1"
[sync]
max_change_share = 30
names = "hash"
[write_back]
batch_size = 21
[[tenants]]
name = "contoso"
tenant_id = "common"
client_secret = "{SECRET}"
[[tenants]]
name = "fabrikam"
tenant_id = "fabrikam.example"
client_id = "{SECRET}"
client_secret = "env:NOT_SET"
[tenants.sync]
names = "keep"
"""


def test_every_mistake_is_named_at_once_with_key_tenant_and_remedy(problems: Problems) -> None:
    found = problems(TEN_MISTAKES, tenants="")

    assert [problem.split(": ")[0] for problem in found] == [
        "warehouse.url",
        "graph.root",
        "graph.cluod",
        "sync.max_change_share",
        "write_back.batch_size",
        "tenants[0].tenant_id (tenant contoso)",
        "tenants[0].client_id (tenant contoso)",
        "tenants[0].client_secret (tenant contoso)",
        "sync.names",
        "tenants[1].client_id (tenant fabrikam)",
        "colour",
    ]
    assert SECRET not in "".join(found)


def test_a_mistake_that_two_tenants_inherit_is_named_once(problems: Problems) -> None:
    found = problems('[graph]\ncloud = "mars"\n', TENANT + TENANT.replace("contoso", "fabrikam"))

    assert found == ("graph.cloud: 'mars' should be 'global', 'us-gov-l4', 'us-gov-l5' or 'china'",)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(
            "[graph]\nlongest_wiat_s = 5",
            "graph.longest_wiat_s: is not a setting; did you mean longest_wait_s?",
            id="typo",
        ),
        pytest.param("[graph]\nin_flight = 5", "is not a setting; it belongs to write_back", id="wrong-section"),
        pytest.param("[landing]\nzzz = 5", "landing.zzz: is not a setting; known here: url", id="nothing-near"),
        pytest.param("graph = 5", "graph: the value should be a table", id="no-table"),
        pytest.param(
            "[graph]\nlongest_wait_s = -1", "graph.longest_wait_s: -1 should be greater than or equal to 0", id="range"
        ),
        pytest.param("[graph]\nca_file = 'no.pem'", "no.pem, which cannot be read: No such file", id="no-such-file"),
        pytest.param('[graph]\nroot = "https://graph/v1.0"', "ends in an API version; leave it out", id="version"),
        pytest.param('[graph]\nroot = "http://me:pass@graph"', "'http://***@graph' is not an https", id="user-in-url"),
        pytest.param('[graph]\ndownload_hosts = ["https://a"]', "graph.download_hosts[0]: 'https://a' is", id="host"),
        pytest.param('[write_back]\npath = "beta"', "'beta' is not a path; begin with", id="no-path"),
        pytest.param('[graph]\nproxy = "http://me:pass@host:1"', "graph.proxy: the value holds a password", id="proxy"),
        pytest.param('[graph]\nproxy = "socks5://host:1"', 'is not a proxy; write "http://HOST:PORT"', id="no-proxy"),
        pytest.param('[graph]\nproxy = "http://host:65536"', "graph.proxy: the value is not a proxy", id="no-port"),
        pytest.param('[write_back]\nscope = "api://x"', "write_back.scope: 'api://x' is not a scope", id="no-scope"),
        pytest.param('[landing]\nurl = "ftp://a:b@host/x"', "holds a password; give it to the storage", id="landing"),
        pytest.param('[landing]\nurl = ""', "landing.url: '' names no folder", id="empty-landing"),
        pytest.param('[warehouse]\nurl = "mysql://host/db"', "is not a warehouse; write", id="no-warehouse"),
        pytest.param('[warehouse]\nurl = "env:NOT_SET"', "NOT_SET, which is not set; set it", id="not-set"),
        pytest.param('[sync]\nnames = "hash"', "sync.names: 'hash' needs a key; set names_key", id="hash-without-key"),
        pytest.param('[sync]\nnames_key = "k"', "sync.names_key: the value stands in the file itself", id="literal"),
        pytest.param("[sync]\nnames_key = 5", "sync.names_key: the value should be a valid string", id="secret-number"),
        pytest.param("[sync.product_aliases]\nA = 5", "sync.product_aliases.A: 5 should be a valid str", id="alias"),
    ],
)
def test_a_mistake_says_what_is_wrong_and_the_remedy(problems: Problems, lines: str, said: str) -> None:
    (problem,) = problems(lines + "\n")
    assert said in problem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('name = "Con toso"', "tenants[0].name (tenant Con toso): 'Con toso' is not a name", id="no-slug"),
        pytest.param('name = "nul"', "'nul' is a device on Windows", id="windows-device"),
        pytest.param('tenant_id = "organizations"', "'organizations' is not a tenant", id="shared-authority"),
        pytest.param('tenant_id = "contoso"', "'contoso' is neither a GUID nor a domain", id="no-domain"),
        pytest.param('client_id = "contoso"', "client_id (tenant contoso): the value is not a GUID", id="no-guid"),
        pytest.param('client_secret = ""', "the value stands in the file itself", id="empty-secret"),
    ],
)
def test_a_mistaken_tenant_is_named(own_problems: Problems, line: str, said: str) -> None:
    key = line.split()[0]
    lines = [line if written.startswith(f"{key} ") else written for written in TENANT.splitlines()]

    (problem,) = own_problems(tenants="\n".join(lines))

    assert said in problem


def test_a_mistake_in_a_tenants_own_table_names_the_tenant(own_problems: Problems) -> None:
    assert own_problems("[sync]\nnames = 'keep'\n", TENANT + "[tenants.sync]\nnames = 'hsh'\nmax_share = 1\n") == (
        "tenants[0].sync.names (tenant contoso): 'hsh' should be 'keep', 'hash' or 'drop'",
        "tenants[0].sync.max_share (tenant contoso): is not a setting; did you mean max_shrink_share?",
    )


def test_a_tenant_whose_name_is_no_text_is_known_by_its_place(own_problems: Problems) -> None:
    assert own_problems(tenants=TENANT.replace('"contoso"', "365")) == (
        "tenants[0].name: 365 should be a valid string",
    )


def test_two_tenants_share_neither_name_nor_tenant_id(own_problems: Problems) -> None:
    assert own_problems(tenants=TENANT + TENANT) == (
        "tenants[1].name (tenant contoso): 'contoso' is taken by an earlier tenant; every tenant needs its own",
        "tenants[1].tenant_id (tenant contoso): 'contoso.onmicrosoft.com' is taken by an earlier tenant; "
        "every tenant needs its own",
    )


@pytest.mark.parametrize(
    ("tenants", "said"),
    [
        pytest.param("", "tenants: is missing; add it, as config/example.toml shows", id="none"),
        pytest.param("tenants = []", "tenants: the value names no tenant; add a [[tenants]] table", id="empty"),
        pytest.param("tenants = 5", "tenants: the value should be a list", id="number"),
        pytest.param(
            "[tenants]\nname = 'x'", "tenants: the value should be a list (of tables: [[tenants]]", id="table"
        ),
    ],
)
def test_at_least_one_tenant_is_asked_for(problems: Problems, tenants: str, said: str) -> None:
    (problem,) = problems(tenants=tenants)
    assert problem.startswith(said)


def test_a_misspelt_variable_is_named_too(problems: Problems, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ACTIVATION_SYNC__WAREHUOSE__URL", "sqlite:///x.db")
    environment.setenv("ACTIVATION_SYNC__SYNC__PRODUCT_ALIASES", "{not JSON")

    assert problems() == (
        "sync.product_aliases: '{not JSON' should be a table",
        "warehuose: is not a setting; did you mean warehouse?",
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param(b"[graph]\ncloud = = 1", "is not TOML: Invalid value (at line 2, column 9)", id="syntax"),
        pytest.param(b'[landing]\nurl = "C:\\sync"', "put Windows paths in single quotes", id="windows-path"),
        pytest.param(b"# caf\xe9", "is not UTF-8 text: byte 5", id="encoding"),
    ],
)
def test_a_file_that_cannot_be_understood_says_where(tmp_path: Path, written: bytes, said: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(written)

    with pytest.raises(ConfigError) as refusal:
        load_settings(file)

    (problem,) = refusal.value.problems
    assert str(file) in problem
    assert said in problem


def test_without_a_file_the_place_looked_at_and_the_demo_are_named(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"looked for .*activation-sync\.toml\. Copy config/example\.toml there"):
        load_settings()

    environment.setenv("ACTIVATION_SYNC_CONFIG", "elsewhere.toml")
    with pytest.raises(ConfigError, match=r"elsewhere\.toml.* set ACTIVATION_SYNC_CONFIG to the path of another"):
        load_settings()

    with pytest.raises(ConfigError, match=r"named\.toml.*`activation-sync demo` needs none"):
        load_settings(tmp_path / "named.toml")


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: File name too long; fix the path"):
        load_settings(tmp_path / ("x" * 300))
