"""Secrets are kept elsewhere, resolved once, and shown nowhere."""

import os
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from activation_sync.errors import ConfigError
from config.references import read_secret
from config.settings import Settings, TenantSettings
from tests.config.conftest import SECRET, TENANT, Load
from tests.support.sites.secret_files import write_secret

WITH_EVERY_SECRET = '[warehouse]\nurl = "env:WAREHOUSE_URL"\n[sync]\nnames = "hash"\nnames_key = "file:names.key"\n'
WAREHOUSE_URL = f"postgresql+psycopg://sync:{SECRET}@db/counts"


@pytest.fixture
def settings(load: Load, tmp_path: Path, environment: pytest.MonkeyPatch) -> Settings:
    environment.setenv("WAREHOUSE_URL", WAREHOUSE_URL)
    write_secret(tmp_path / "names.key", f"{SECRET}\r\n")
    return load(WITH_EVERY_SECRET)


def test_references_are_resolved(settings: Settings) -> None:
    tenant = settings.tenant("contoso")

    assert tenant.client_secret.get_secret_value() == SECRET
    assert settings.warehouse.url.get_secret_value() == WAREHOUSE_URL
    assert tenant.sync.names_key is not None
    assert tenant.sync.names_key.get_secret_value() == SECRET


def test_no_way_of_showing_settings_shows_a_secret(settings: Settings) -> None:
    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    assert not [text for text in shown if SECRET in text]


def test_a_refusal_holds_no_secret_in_its_whole_traceback(load: Load, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WAREHOUSE_URL", f"mysql://sync:{SECRET}@db/counts")
    with pytest.raises(ConfigError) as refusal:
        load(WITH_EVERY_SECRET, TENANT.replace("env:CONTOSO_SECRET", SECRET))

    told = "".join(traceback.format_exception(refusal.value))

    assert len(refusal.value.problems) == 3
    assert SECRET not in told


def test_a_relative_sqlite_file_may_be_referred_to(load: Load, tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WAREHOUSE_URL", "sqlite:///counts.db")

    url = load('[warehouse]\nurl = "env:WAREHOUSE_URL"\n').warehouse.url

    assert url.get_secret_value() == f"sqlite:///{(tmp_path / 'counts.db').as_posix()}"


def test_the_environment_may_hold_a_secret_itself(load: Load, environment: pytest.MonkeyPatch) -> None:
    """The file ends up in version control; an environment variable does not."""
    environment.setenv("ACTIVATION_SYNC__WAREHOUSE__URL", WAREHOUSE_URL)
    environment.setenv("ACTIVATION_SYNC__TENANTS__0__CLIENT_SECRET", SECRET)

    settings = load("", TENANT.replace("env:CONTOSO_SECRET", "env:NOT_SET"))

    assert settings.warehouse.url.get_secret_value() == WAREHOUSE_URL
    assert settings.tenant("contoso").client_secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"\r\n", "which is empty; write the secret into it", id="empty"),
        pytest.param(b"\xff\xfe", "which cannot be read: it is not UTF-8 text", id="not-text"),
        pytest.param(None, "which cannot be read: No such file or directory", id="no-such-file"),
    ],
)
def test_a_secret_that_is_lost_is_named_to_whoever_needs_it_and_disturbs_no_other_tenant(
    load: Load, tmp_path: Path, content: bytes | None, why: str
) -> None:
    if content is not None:
        write_secret(tmp_path / "secret", "").write_bytes(content)

    lost = TENANT.replace("env:CONTOSO_SECRET", "file:secret").replace("contoso", "fabrikam")
    settings = load("", TENANT + lost)

    assert settings.tenant("contoso").client_secret.get_secret_value()
    with pytest.raises(ConfigError, match=f"client_secret refers to the file .*{why}"):
        settings.tenant("fabrikam").client_secret.get_secret_value()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_break_behind_a_secret_is_no_part_of_it(
    load: Load, environment: pytest.MonkeyPatch, ending: str
) -> None:
    environment.setenv("CONTOSO_SECRET", SECRET + ending)

    assert load().tenant("contoso").client_secret.get_secret_value() == SECRET


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_around_a_secret_are_named_and_the_secret_is_not(
    load: Load, tmp_path: Path, environment: pytest.MonkeyPatch, quote: str
) -> None:
    """As they come from an `--env-file` or a .env that a shell would have read differently."""
    environment.setenv("CONTOSO_SECRET", f"{quote}{SECRET}{quote}")
    environment.setenv("WAREHOUSE_URL", f"{quote}{WAREHOUSE_URL}{quote}")
    write_secret(tmp_path / "names.key", f"{quote}{SECRET}{quote}\n")

    with pytest.raises(ConfigError) as refused:
        load(WITH_EVERY_SECRET)
    with pytest.raises(ConfigError, match="environment variable CONTOSO_SECRET, whose value stands in quotes"):
        load().tenant("contoso").client_secret.get_secret_value()

    told = "".join(traceback.format_exception(refused.value))
    assert "variable WAREHOUSE_URL, whose value stands in quotes; take the quotes away" in told
    assert "names.key, whose value stands in quotes" in told
    assert SECRET not in told


def test_quotes_around_a_secret_that_overrides_the_file_are_named_too(
    load: Load, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ACTIVATION_SYNC__TENANTS__0__CLIENT_SECRET", f'"{SECRET}"')

    with pytest.raises(ConfigError, match="comes from the environment, whose value stands in quotes") as refused:
        load().tenant("contoso").client_secret.get_secret_value()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(("mode", "is_refused"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_secret_that_every_account_may_read_is_refused_with_the_command_that_helps(
    load: Load, tmp_path: Path, mode: int, is_refused: bool
) -> None:
    file = write_secret(tmp_path / "a secret", SECRET)
    file.chmod(mode)
    told = load("", TENANT.replace("env:CONTOSO_SECRET", "file:a secret")).tenant("contoso").client_secret

    if is_refused and os.name == "posix":  # Windows knows no such modes
        with pytest.raises(ConfigError, match=r"may read; run: chmod o= '.*/a secret'$"):
            told.get_secret_value()
    else:
        assert told.get_secret_value() == SECRET


@pytest.mark.parametrize(("characters", "is_refused"), [(15, True), (16, False)])
def test_a_key_of_hashed_names_that_could_be_guessed_is_refused(
    load: Load, environment: pytest.MonkeyPatch, characters: int, is_refused: bool
) -> None:
    environment.setenv("KEY", "k" * characters)
    refusal = pytest.raises(ConfigError, match="names_key: the value is shorter than 16 characters; make a key with")
    with refusal if is_refused else nullcontext():
        load('[sync]\nnames = "hash"\nnames_key = "env:KEY"\n')


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields_of(field.annotation)


def test_every_secret_setting_is_marked_as_shown_nowhere() -> None:
    """`config.problems` repeats the value of a mistaken setting unless it is marked with `repr=False`."""
    fields = dict([*fields_of(Settings), *fields_of(TenantSettings)])
    secrets = {name for name, field in fields.items() if SecretStr.__name__ in str(field.annotation)}

    assert {"WarehouseSettings.url", "TenantSettings.client_secret", "TenantSyncSettings.names_key"} <= secrets
    assert not [name for name in secrets if fields[name].repr]


def test_an_option_of_a_command_refers_to_a_secret_too(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WEBHOOK", SECRET)
    write_secret(tmp_path / "webhook", f"{SECRET}\n")

    found = [read_secret(reference, "--notify") for reference in ("env:WEBHOOK", f"file:{tmp_path / 'webhook'}")]

    assert [secret.get_secret_value() for secret in found] == [SECRET, SECRET]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (SECRET, 'refer to it as "env:NAME"'),
        (f"https://chat.example/{SECRET}", 'refer to it as "env:NAME"'),
        ("env:NOT_SET", "variable NOT_SET, which is not set"),
        ("file:nowhere", "cannot be read: No such file"),
    ],
)
def test_an_option_that_holds_or_misses_its_secret_is_refused_without_repeating_it(reference: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        read_secret(reference, "--notify")

    assert str(refused.value).startswith("--notify ")
    assert SECRET not in "".join(traceback.format_exception(refused.value))
