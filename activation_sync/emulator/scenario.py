"""What an emulated Graph is asked to be: a value, chosen once, from which everything else follows."""

import hashlib
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

PRODUCTS = (
    "Microsoft 365 Apps for enterprise",
    "Microsoft Excel Advanced Analytics",
    "Visio Pro for Office 365",
    "Project Online Desktop Client",
    "Office 365 ProPlus",
    "Project Client",
)
TENANT_NAMES = ("contoso", "fabrikam", "adventure-works", "northwind", "tailspin", "wingtip", "litware", "proseware")
ROLES = ("Reports.Read.All", "ReportSettings.Read.All")

Cloud = Literal["global", "us-gov-l4", "us-gov-l5", "china"]
Columns = Literal["current", "2017", "extra"]
WriteBack = Literal["documented", "real-service"]

CLOUD_ROOTS: Mapping[str, str] = {
    "global": "https://graph.microsoft.com",
    "us-gov-l4": "https://graph.microsoft.us",
    "us-gov-l5": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Settings of one emulated Graph; the same scenario always shows the same figures.

    tenants: how many, or their names. users: a tenant's users, licensed or not. products: as Graph's JSON names them.
    first_refreshed_on: refresh date of day 0, UTC; the scenario's "today" is two days later.
    max_lag_days: how many days the published counts may trail the user detail; 0: no drift at the start.
    report_follows: refreshes until the counts report shows an accepted PATCH (0: at once; None: never).
    write_back: `documented` offers the resource, `real-service` answers as Graph does today.
    cloud: outside `global`, v1.0 has no report functions. columns: which version of the CSV's columns.
    throttling: enforce the documented windows. roles: by tenant name, where they differ from `ROLES`.
    token_lifetime_s, download_lifetime_s: seconds. token_refresh_s: seconds after which clients are told to renew a
    token that is still good (`refresh_in`); None: they are not told.
    page_users: users on a JSON page when `$top` is absent.
    port, download_port: 0 takes a free one. ca_file: where the CA certificate goes; None: a temporary file.
    """

    tenants: int | tuple[str, ...] = 1
    users: int = 200
    seed: int = 7
    products: tuple[str, ...] = PRODUCTS
    first_refreshed_on: date = date(2026, 11, 19)
    max_lag_days: int = 3
    report_follows: int | None = 0
    write_back: WriteBack = "documented"
    cloud: Cloud = "global"
    columns: Columns = "current"
    conceal_names: bool = False
    throttling: bool = False
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    token_lifetime_s: int = 3599
    token_refresh_s: int | None = None
    download_lifetime_s: int = 300
    page_users: int = 200
    port: int = 0
    download_port: int = 0
    ca_file: Path | None = None

    @property
    def tenant_names(self) -> tuple[str, ...]:
        """The tenants' names, unique; beyond the first eight they are numbered."""
        if isinstance(self.tenants, tuple):
            return self.tenants
        return tuple(_tenant_name(index) for index in range(self.tenants))


@dataclass(frozen=True, slots=True)
class EmulatedTenant:
    """One tenant and the application registered in it. The secret opens nothing but this emulator."""

    name: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: tuple[str, ...] = ROLES

    @property
    def domain(self) -> str:
        return f"{self.name}.onmicrosoft.example"

    @property
    def names(self) -> tuple[str, str, str]:
        """What the tenant may be called, in lower case: its id, name or domain."""
        return self.tenant_id, self.name.lower(), self.domain.lower()


def make_tenants(scenario: Scenario) -> tuple[EmulatedTenant, ...]:
    """The tenants of a scenario; their ids and secrets follow from seed and name."""
    return tuple(_make_tenant(scenario, name) for name in scenario.tenant_names)


def seeded(*parts: object) -> random.Random:
    """Random numbers that depend on nothing but `parts`; for figures, never for secrets."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311


def seeded_guid(*parts: object) -> str:
    """A GUID that depends on nothing but `parts`."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


def _tenant_name(index: int) -> str:
    name, lap = TENANT_NAMES[index % len(TENANT_NAMES)], index // len(TENANT_NAMES)
    return name if lap == 0 else f"{name}-{lap + 1}"


def _make_tenant(scenario: Scenario, name: str) -> EmulatedTenant:
    secret = hashlib.sha256(f"{scenario.seed}/{name}/secret".encode()).hexdigest()[:32]
    return EmulatedTenant(
        name=name,
        tenant_id=seeded_guid(scenario.seed, name, "tenant"),
        client_id=seeded_guid(scenario.seed, name, "application"),
        client_secret=f"emulated~{secret}",
        roles=scenario.roles.get(name, ROLES),
    )
