"""Graph as the emulator serves it: unmodified MSAL and httpx, real sockets.

Naps move the emulator's clock instead of being slept, so the emulator itself judges whether a wait was long enough.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from activation_sync.emulator import EmulatedTenant, Emulator, Scenario, open_emulator
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import Cloud
from tests.graph.emulated.connecting import clock, cloud_of, timing


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Fails the test when a scripted fault never happened, or the client did what a client must not do."""
    with open_emulator(Scenario(users=30, page_users=10)) as running:
        yield running
        assert running.unused_faults() == ()
        assert running.violations() == ()


@pytest.fixture
def tenant(emulator: Emulator) -> EmulatedTenant:
    return emulator.tenants[0]


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    return cloud_of(emulator)


@pytest.fixture
def connect(emulator: Emulator, cloud: Cloud, tenant: EmulatedTenant, naps: list[float]) -> Iterator[Callable]:
    """Opens a client of the emulator; options as GraphClient and TokenSource have them."""
    with ExitStack() as stack:

        def opener(secret: str = tenant.client_secret, tenant_id: str = tenant.tenant_id, **options: object):
            tokens = TokenSource(tenant_id, tenant.client_id, secret, cloud, emulator.ca_file, clock(naps))
            client = GraphClient(cloud, tokens, **(timing(emulator, naps) | options))
            return stack.enter_context(client)

        yield opener


@pytest.fixture
def graph(connect: Callable[..., GraphClient]) -> GraphClient:
    return connect()
