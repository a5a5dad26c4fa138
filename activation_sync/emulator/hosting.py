"""The emulator as a service of its own, for the command that keeps it running."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from activation_sync.emulator.emulator import open_emulator
from activation_sync.emulator.scenario import EmulatedTenant, Scenario, WriteBack
from activation_sync.emulator.tenant.clock import REPORT_AGE


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client of one tenant needs: where to ask for tokens, and as whom."""

    tenant: str
    tenant_id: str
    authority: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HowToConnect:
    """Everything a client of any language needs to reach a running emulator."""

    graph_root: str
    download_host: str
    ca_file: Path
    steering_root: str
    write_back: WriteBack
    registrations: tuple[Registration, ...]


@contextlib.contextmanager
def host_emulator(scenario: Scenario) -> Iterator[HowToConnect]:
    """Serve until the block ends, with throttling as documented and reports two days old. OSError: a port is taken."""
    refreshed_on = (datetime.now(UTC) - REPORT_AGE).date()
    with open_emulator(replace(scenario, throttling=True, first_refreshed_on=refreshed_on)) as emulator:
        yield HowToConnect(
            graph_root=emulator.graph_root,
            download_host=emulator.download_host,
            ca_file=emulator.ca_file,
            steering_root=f"{emulator.graph_root}/_emulator",
            write_back=scenario.write_back,
            registrations=tuple(_register(emulator.authority_root, tenant) for tenant in emulator.tenants),
        )


def _register(authority_root: str, tenant: EmulatedTenant) -> Registration:
    return Registration(
        tenant=tenant.name,
        tenant_id=tenant.tenant_id,
        authority=f"{authority_root}/{tenant.tenant_id}",
        client_id=tenant.client_id,
        client_secret=tenant.client_secret,
    )
