"""What a configuration that holds no mistake means."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from activation_sync.errors import ConfigError
from config.settings import load_settings, settings_in_use
from tests.config.conftest import SECRET, TENANT, Load


def test_a_file_with_one_tenant_is_enough(load: Load, tmp_path: Path) -> None:
    settings = load()

    assert [tenant.name for tenant in settings.tenants] == ["contoso"]
    assert settings.landing.url == str(tmp_path / "data/landing")
    assert settings.warehouse.url.get_secret_value() == f"sqlite:///{(tmp_path / 'data/warehouse.db').as_posix()}"
    assert not settings.write_back.enabled


def test_the_environment_wins_over_the_file(load: Load, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ACTIVATION_SYNC__GRAPH__LONGEST_WAIT_S", "5")
    environment.setenv("ACTIVATION_SYNC__WRITE_BACK__ENABLED", "true")
    environment.setenv("ACTIVATION_SYNC__SYNC__PRODUCT_ALIASES", '{"OLD": "NEW"}')
    environment.setenv("ACTIVATION_SYNC__GRAPH__DOWNLOAD_HOSTS", '["127.0.0.1:8444"]')

    tenant = load('[graph]\nlongest_wait_s = 60\ncloud = "china"\n').tenant("contoso")

    assert (tenant.graph.longest_wait_s, tenant.graph.cloud) == (5, "china")
    assert tenant.write_back.enabled
    assert tenant.sync.product_aliases == {"OLD": "NEW"}
    assert tenant.graph.download_hosts == ("127.0.0.1:8444",)


def test_the_environment_can_change_one_tenant_and_add_another(load: Load, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ACTIVATION_SYNC__TENANTS__0__TENANT_ID", "contoso.example")
    environment.setenv("ACTIVATION_SYNC__TENANTS__0__GRAPH__CLOUD", "china")
    environment.setenv(
        "ACTIVATION_SYNC__TENANTS__1",
        '{"name": "fabrikam", "tenant_id": "fabrikam.example", "client_secret": "365", "graph": {"longest_wait_s": 5},'
        ' "client_id": "11111111-2222-3333-4444-666666666666"}',
    )

    settings = load()

    assert settings.tenant("contoso").tenant_id == "contoso.example"
    assert settings.tenant("contoso").graph.cloud == "china"
    assert settings.tenant("fabrikam").client_secret.get_secret_value() == "365"


def test_a_tenant_overrides_the_common_sections_key_by_key(load: Load) -> None:
    common = '[sync]\nmax_change_share = 0.1\nstale_after_days = 3\nproduct_aliases = {A = "B"}\n'
    own = '[tenants.sync]\nmax_change_share = 0.9\nproduct_aliases = {C = "D"}\n[tenants.write_back]\nenabled = true\n'
    other = TENANT.replace("contoso", "fabrikam").replace("env:FABRIKAM_SECRET", "env:CONTOSO_SECRET")

    settings = load(common, TENANT + own + other)

    contoso, fabrikam = settings.tenant("contoso"), settings.tenant("fabrikam")
    assert (contoso.sync.max_change_share, fabrikam.sync.max_change_share) == (0.9, 0.1)
    assert (contoso.sync.stale_after_days, fabrikam.sync.stale_after_days) == (3, 3)
    assert (contoso.sync.product_aliases, fabrikam.sync.product_aliases) == ({"A": "B", "C": "D"}, {"A": "B"})
    assert (contoso.write_back.enabled, fabrikam.write_back.enabled) == (True, False)


def test_each_tenant_may_bring_its_own_key_for_hashed_names(load: Load) -> None:
    tenant = load('[sync]\nnames = "hash"\n', TENANT + '[tenants.sync]\nnames_key = "env:CONTOSO_SECRET"\n')

    assert tenant.tenant("contoso").sync.names == "hash"
    assert tenant.sync.names_key is None


def test_the_file_is_the_argument_else_the_variable_else_in_this_folder(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    for folder in ("argument", "variable", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "activation-sync.toml").write_text(TENANT, encoding="utf-8")
    environment.chdir(tmp_path / "here")
    assert Path(load_settings().landing.url).parts[-3] == "here"

    environment.setenv("ACTIVATION_SYNC_CONFIG", str(tmp_path / "variable/activation-sync.toml"))
    assert Path(load_settings().landing.url).parts[-3] == "variable"

    named = tmp_path / "argument/activation-sync.toml"
    assert Path(load_settings(named).landing.url).parts[-3] == "argument"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("sqlite:///counts.db", "sqlite:///{folder}/counts.db", id="relative-file"),
        pytest.param("sqlite:///counts.db?timeout=5", "sqlite:///{folder}/counts.db?timeout=5", id="with-a-query"),
        pytest.param("sqlite:///{folder}/counts.db", "sqlite:///{folder}/counts.db", id="absolute-file"),
        pytest.param("postgresql+psycopg://sync@db/counts", "postgresql+psycopg://sync@db/counts", id="postgresql"),
    ],
)
def test_a_sqlite_warehouse_counts_from_the_folder_of_the_file(
    load: Load, tmp_path: Path, written: str, expected: str
) -> None:
    folder = tmp_path.as_posix()

    url = load(f'[warehouse]\nurl = "{written.format(folder=folder)}"\n').warehouse.url

    assert url.get_secret_value() == expected.format(folder=folder)


@pytest.mark.parametrize("url", ["s3://bucket/activation", "abfs://reports@account.dfs.core.windows.net/landing"])
def test_the_url_of_an_object_store_stays_as_it_is(load: Load, url: str) -> None:
    assert load(f'[landing]\nurl = "{url}"\n').landing.url == url


def test_paths_with_backslashes_drives_and_a_byte_order_mark_survive(tmp_path: Path) -> None:
    file = tmp_path / "from a notepad.toml"
    absolute = tmp_path / "landing"
    file.write_bytes(b"\xef\xbb\xbf" + f"[landing]\r\nurl = '{absolute}'\r\n{TENANT}".encode())

    assert load_settings(file).landing.url == str(absolute)


def test_origins_lose_their_last_slash(load: Load) -> None:
    graph = load('[graph]\nroot = "https://127.0.0.1:8443/"\nauthority_root = "https://127.0.0.1:8443"\n').graph

    assert graph.root == graph.authority_root == "https://127.0.0.1:8443"


def test_certificates_are_found_beside_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----", encoding="ascii")

    assert load('[graph]\nca_file = "ca.pem"\n').tenant("contoso").graph.ca_file == tmp_path / "ca.pem"


def test_settings_cannot_be_changed(load: Load) -> None:
    tenant = load().tenant("contoso")

    with pytest.raises(ValidationError, match="frozen"):
        tenant.name = "fabrikam"  # type: ignore[misc]  # which is the point


def test_an_unknown_tenant_is_refused_with_the_known_ones_nearest_first(load: Load) -> None:
    other = TENANT.replace("contoso", "fabrikam")

    with pytest.raises(ConfigError, match="'fabricam' is not configured; known: fabrikam, contoso"):
        load("", TENANT + other).tenant("fabricam")


def test_a_misspelt_tenant_is_told_of_malformed_ones_too(load: Load) -> None:
    malformed = TENANT.replace("contoso", "fabrikam").replace("11111111-", "1-")

    with pytest.raises(ConfigError, match="'fabricam' is not configured; known: fabrikam, contoso"):
        load("", TENANT + malformed).tenant("fabricam")


def test_settings_in_use_are_read_once_however_often_steps_ask(use: Load) -> None:
    use()

    assert settings_in_use() is settings_in_use()


def test_settings_in_use_are_read_again_once_the_file_is_another(use: Load) -> None:
    use()
    before = settings_in_use()
    use("[sync]\nstale_after_days = 3\n")

    assert (before.sync.stale_after_days, settings_in_use().sync.stale_after_days) == (7, 3)


def test_settings_in_use_are_read_again_once_the_environment_is_another(
    use: Load, environment: pytest.MonkeyPatch
) -> None:
    use()
    before = settings_in_use()
    environment.setenv("CONTOSO_SECRET", "renewed")

    assert before.tenant("contoso").client_secret.get_secret_value() == SECRET
    assert settings_in_use().tenant("contoso").client_secret.get_secret_value() == "renewed"


def test_a_file_that_is_gone_is_missed_although_it_was_read_before(use: Load, tmp_path: Path) -> None:
    use()
    settings_in_use()
    (tmp_path / "activation-sync.toml").unlink()

    with pytest.raises(ConfigError, match="no configuration file"):
        settings_in_use()
