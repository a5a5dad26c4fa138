"""`config/example.toml` shows every setting with its true default."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from config.settings import (
    BoundsSettings,
    GraphSettings,
    LandingSettings,
    SyncSettings,
    TenantSettings,
    WarehouseSettings,
    WriteBackSettings,
    load_settings,
)
from config.sources import COMMON

EXAMPLE = Path(__file__).parents[2] / "config/example.toml"
SECTIONS: dict[str, type[BaseModel]] = {
    "warehouse": WarehouseSettings,
    "landing": LandingSettings,
    "bounds": BoundsSettings,
    "graph": GraphSettings,
    "sync": SyncSettings,
    "write_back": WriteBackSettings,
}


def defaults_of(model: type[BaseModel]) -> dict[str, Any]:
    """The defaults as a file would write them."""
    plain = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}
    for name, value in plain.items():
        if isinstance(value, SecretStr):
            plain[name] = value.get_secret_value()
        elif isinstance(value, tuple):
            plain[name] = list(value)
    return plain


def test_the_example_loads(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONTOSO_CLIENT_SECRET", "the demo's")

    assert load_settings(EXAMPLE).tenant("contoso").client_id == "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_shows_every_default(section: str) -> None:
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))[section]
    assert shown == {key: value for key, value in defaults_of(SECTIONS[section]).items() if value is not None}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_mentions_what_is_unset_by_default(section: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").partition(f"\n[{section}]\n")[2].partition("\n[")[0]
    unset = [key for key, value in defaults_of(SECTIONS[section]).items() if value is None]

    assert [key for key in unset if not re.search(rf"^# {key} = ", text, re.MULTILINE)] == []


def test_the_example_shows_every_key_of_a_tenant() -> None:
    (tenant,) = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["tenants"]
    assert set(tenant) == set(TenantSettings.model_fields)
    assert set(COMMON) <= set(tenant)


def test_every_setting_is_explained_above_it() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    assert len(settings) > 20
    assert [lines[number] for number in settings if not lines[number - 1].startswith("# ")] == []
