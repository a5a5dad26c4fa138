"""A configuration file to write, in a folder and an environment of its own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from config.sources import FILE_VARIABLE

Load = Callable[..., Settings]

TENANT = """
[[tenants]]
name = "contoso"
tenant_id = "contoso.onmicrosoft.com"
client_id = "11111111-2222-3333-4444-555555555555"
client_secret = "env:CONTOSO_SECRET"
"""
SECRET = "correct-horse-battery-staple"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Only what the test sets; the secret of TENANT is set."""
    for name in [name for name in os.environ if name.upper().startswith("ACTIVATION_SYNC")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CONTOSO_SECRET", SECRET)
    return monkeypatch


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load these lines, followed by one good tenant unless `tenants` gives others."""

    def write_and_load(lines: str = "", tenants: str = TENANT) -> Settings:
        file = tmp_path / "activation-sync.toml"
        file.write_text(lines + tenants, encoding="utf-8")
        return load_settings(file)

    return write_and_load


@pytest.fixture
def use(load: Load, tmp_path: Path, environment: pytest.MonkeyPatch) -> Load:
    """`load`, of the file that this process has in use."""
    environment.setenv(FILE_VARIABLE, str(tmp_path / "activation-sync.toml"))
    return load
