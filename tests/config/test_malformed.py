"""A mistake in one tenant's entry is lost to that tenant alone; one that all share stops everything."""

import pytest

from activation_sync.errors import ConfigError
from tests.config.conftest import SECRET, TENANT, Load

OTHER = TENANT.replace("contoso", "fabrikam")


@pytest.mark.parametrize(
    ("entry", "name", "said"),
    [
        pytest.param(OTHER.replace("11111111-", "1-"), "fabrikam", "client_id", id="bad-guid"),
        pytest.param(OTHER.replace("client_id", "# client_id"), "fabrikam", "client_id", id="missing-key"),
        pytest.param(f"{OTHER}colour = 'red'\n", "fabrikam", "colour", id="unknown-key"),
        pytest.param(f"{OTHER}[tenants.sync]\nmax_change_share = 'much'\n", "fabrikam", "sync.max", id="wrong-type"),
        pytest.param(f"{OTHER}graph = 5\n", "fabrikam", "graph", id="no-table"),
        pytest.param(f"{OTHER}[tenants.graph]\nca_file = 'no.pem'\n", "fabrikam", "graph.ca_file", id="no-such-file"),
        pytest.param(f"{OTHER}[tenants.sync]\nnames_key = 'env:NOT_SET'\n", "fabrikam", "sync.names_key", id="no-key"),
        pytest.param(OTHER.replace("env:CONTOSO_SECRET", SECRET), "fabrikam", "client_secret", id="written-secret"),
        pytest.param(OTHER.replace("fabrikam.", "contoso."), "fabrikam", "tenant_id", id="same-tenant-id"),
        pytest.param(TENANT.replace("contoso.", "other."), "tenants[1]", "name", id="same-name"),
        pytest.param(OTHER.replace('"fabrikam"', '"Fabrikam Ltd"'), "tenants[1]", "name", id="bad-name"),
        pytest.param(OTHER.replace('name = "fabrikam"', ""), "tenants[1]", "name", id="no-name"),
    ],
)
def test_a_mistake_in_its_own_entry_is_lost_to_that_tenant_alone(load: Load, entry: str, name: str, said: str) -> None:
    settings = load("", TENANT + entry)

    assert [tenant.name for tenant in settings.tenants] == ["contoso"]
    assert settings.names == ("contoso", name)
    with pytest.raises(ConfigError, match=rf"tenants\[1\]\.{said}") as refusal:
        settings.tenant(name)
    assert SECRET not in str(refusal.value)


def test_an_entry_that_is_no_table_is_lost_alone_too(load: Load) -> None:
    assert load("tenants = [5]", tenants="").malformed == {"tenants[0]": ("tenants[0]: the value should be a table",)}


def test_a_mistake_that_all_tenants_share_still_stops_everything_and_names_those_of_tenants_too(load: Load) -> None:
    with pytest.raises(ConfigError) as refusal:
        load('[sync]\nnames = "hsh"\n', TENANT + OTHER.replace("11111111-", "1-"))

    places = [problem.split(": ")[0] for problem in refusal.value.problems]
    assert places == ["sync.names", "tenants[1].client_id (tenant fabrikam)"]
