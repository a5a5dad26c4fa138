"""Whole runs of the flow, against an emulated Graph, on both databases, in a Prefect of the session's own."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from activation_sync.emulator import Scenario
from tests.support.sites.site import Ending, Site, open_site

DRIFT = Scenario(users=200, seed=12)  # all of its six products lag, every night
Undisturbed = Callable[..., Ending]


@pytest.fixture(autouse=True)
def flow_server(prefect_server: None) -> None:
    """What every whole run needs."""


@pytest.fixture
def site(tmp_path: Path, warehouse_url: str) -> Iterator[Site]:
    """A tenant of 60 users whose counts report lags; `configure` changes settings."""
    with open_site(tmp_path, warehouse_url) as site:
        yield site


@pytest.fixture
def drifting(tmp_path: Path, warehouse_url: str, batch_size: int) -> Iterator[Site]:
    """A tenant all of whose rows are PATCHed every night; failures are got over at once."""
    sections = {"sync": {"retry_delays_s": [0.02] * 10}, "write_back": {"batch_size": batch_size}}
    with open_site(tmp_path, warehouse_url, DRIFT, **sections) as site:
        site.configure(graph={"longest_wait_s": 0.2})
        yield site


@pytest.fixture(scope="session")
def undisturbed(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """How things stand after syncs on these days, when nothing goes wrong."""

    @cache
    def ending(*days: int) -> Ending:
        folder = tmp_path_factory.mktemp("undisturbed")
        with open_site(folder, f"sqlite:///{folder / 'warehouse.db'}", DRIFT) as site:
            for before, day in zip((0, *days), days, strict=False):
                site.emulator.advance(days=day - before)
                site.sync()
            return site.ending()

    return ending
