"""Commands as people meet them: real processes, a real emulated Graph, a real warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from activation_sync.emulator import Scenario
from tests.support.sites.site import Site, open_site
from tests.support.sites.terminal import Terminal


@pytest.fixture(scope="session")
def prefect_api(prefect_server: None) -> str:
    """Where flows run in a second or two; a command without it starts a Prefect server of its own."""
    from prefect.settings import PREFECT_API_URL

    return str(PREFECT_API_URL.value())


@pytest.fixture
def scenario() -> Scenario:
    """What Graph is asked to be; a test may name another."""
    return Scenario(users=60)


@pytest.fixture
def site(tmp_path: Path, scenario: Scenario) -> Iterator[Site]:
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        site.configure(sync={"retry_delays_s": [0.05]})
        yield site


@pytest.fixture
def terminal(site: Site) -> Terminal:
    """A terminal in the folder of the configured job."""
    return terminal_of(site)


@pytest.fixture(scope="module")
def after_a_night(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which one sync has run; for tests that only look."""
    folder = tmp_path_factory.mktemp("night")
    with open_site(folder, f"sqlite:///{folder / 'warehouse.db'}") as site:
        site.sync()
        yield site


@pytest.fixture
def looking(after_a_night: Site) -> Terminal:
    """A terminal there."""
    return terminal_of(after_a_night)


def terminal_of(site: Site) -> Terminal:
    return Terminal(site.folder, secrets=[tenant.client_secret for tenant in site.emulator.tenants])
