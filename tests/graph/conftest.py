"""Graph for the tests: a scripted server for odd answers, and the naps that were asked for instead of slept."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from activation_sync.clock import Clock
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import Cloud
from activation_sync.graph.waits import Patience
from tests.support.clouds import cloud_at
from tests.support.servers.scripted_graph import (
    SECRET,
    TENANT_ID,
    ScriptedServer,
    open_scripted,
    will_sign_in,
    write_ca,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ca(authority, tmp_path_factory.mktemp("ca"))


@pytest.fixture
def naps() -> list[float]:
    """Seconds a client waited, in order; nobody sleeps."""
    return []


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ScriptedServer]:
    """Stands in for Graph and for the token endpoint; fails the test when a scripted answer was not fetched."""
    with open_scripted(authority) as scripted:
        yield scripted
    assert scripted.unused() == []


@pytest.fixture
def downloads(authority: trustme.CA) -> Iterator[ScriptedServer]:
    """Stands in for the host of pre-authenticated addresses."""
    with open_scripted(authority) as scripted:
        yield scripted
    assert scripted.unused() == []


@pytest.fixture
def cloud(server: ScriptedServer, downloads: ScriptedServer) -> Cloud:
    return cloud_at(server.root, server.root, downloads.host_port)


@pytest.fixture
def tokens(cloud: Cloud, ca_file: Path) -> Iterator[TokenSource]:
    source = TokenSource(TENANT_ID, "client", SECRET, cloud, ca_file)
    yield source
    source.close()


@pytest.fixture
def open_client(cloud: Cloud, tokens: TokenSource, ca_file: Path, naps: list[float]) -> Callable[..., GraphClient]:
    """Opens a client of the scripted Graph; options as GraphClient has them."""

    def opener(cloud: Cloud = cloud, **options: object) -> GraphClient:
        timing = {"clock": Clock(lambda: NOON, naps.append), "patience": Patience(jitter=lambda: 1.0)}
        return GraphClient(cloud, tokens, **{"ca_file": ca_file, **timing, **options})  # type: ignore[arg-type]

    return opener


@pytest.fixture
def graph(server: ScriptedServer, open_client: Callable[..., GraphClient]) -> Iterator[GraphClient]:
    """A client that has signed in with one token."""
    will_sign_in(server)
    with open_client() as client:
        yield client
