"""The clouds Graph lives in: where its root and token authority are, and whose download addresses are trusted.

Source: learn.microsoft.com/graph/deployments
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.errors import ConfigError
from activation_sync.graph.route import STRAIGHT, Route
from activation_sync.graph.wire import WRITE_BACK_PATH

# Stricter than URL parsers are: no userinfo, space, backslash or fragment. What passes means the same to all of them.
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_ADDRESS = re.compile(
    rf"https://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[0-9]{{1,5}}))?(?P<target>[/?][!-\"$-\[\]-~]*)?"
)


class Address(NamedTuple):
    """An https URL taken apart; the target (path and query) is kept to the byte, because it may be signed."""

    host: str
    port: int
    target: str

    @property
    def host_port(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(url: str) -> Address | None:
    """None for anything but a plain https URL."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return None
    target = found["target"] or "/"
    return Address(found["host"].lower(), int(found["port"] or 443), target if target[0] == "/" else f"/{target}")


def has_origin(url: str, root: str) -> bool:
    """True when the URL goes to the very host and port of the root."""
    address, origin = parse_address(url), parse_address(root)
    return address is not None and origin is not None and address[:2] == origin[:2]


def refuse_path(name: str, root: str) -> None:
    """Raises ConfigError unless a root is what paths can be put behind: https, a host, and no more."""
    if parse_address(root) is None or root.count("/") != 2:
        raise ConfigError([f"{name} must be https and a host without a path, such as https://graph.microsoft.com"])


@dataclass(frozen=True, slots=True)
class Cloud:
    """One deployment of Graph.

    root, authority_root: scheme and host, no path. reports_version: the version that serves the CSV reports; JSON is
    beta everywhere.
    download_suffixes: a report may be downloaded from hosts under these, on port 443.
    download_hosts: further hosts, `host` or `host:port`, exactly; for an emulator, or a cloud's undocumented host.
    write_back_root, write_back_path: where counts are PATCHed; the root is Graph's own unless given.
    write_back_scope: what a token for the write-back is asked for, Graph's own unless given. sends_graph_token: Graph's
    token may go to a write-back root that is not Graph's; without it, such a root needs a scope of its own.
    route: the way there. bounds: of what it answers.
    """

    root: str
    authority_root: str
    reports_version: str = "beta"
    download_suffixes: tuple[str, ...] = (".office.com",)
    download_hosts: tuple[str, ...] = ()
    write_back_root: str | None = None
    write_back_path: str = WRITE_BACK_PATH
    write_back_scope: str | None = None
    sends_graph_token: bool = False
    route: Route = STRAIGHT
    bounds: Bounds = BOUNDS

    def __post_init__(self) -> None:
        for name in ("root", "authority_root", "write_back_root"):
            if name != "write_back_root" or self.write_back_root:
                refuse_path(name, getattr(self, name))
        if not (self.is_own(self.write_root) or self.write_back_scope or self.sends_graph_token):
            what = "write_back.root is not Graph's, so it gets no token of Graph's"
            raise ConfigError([f"{what}: set write_back.scope, or write_back.sends_graph_token = true"])

    @property
    def write_root(self) -> str:
        return self.write_back_root or self.root

    @property
    def scope(self) -> str:
        """What a token is asked for; tokens of one cloud mean nothing to another."""
        return f"{self.root}/.default"

    @property
    def write_scope(self) -> str:
        """The same, for the write-back."""
        return self.write_back_scope or self.scope

    def authority(self, tenant_id: str) -> str:
        return f"{self.authority_root}/{tenant_id}"

    def is_own(self, url: str) -> bool:
        """True when the URL has the very origin of the root, so that our token may go there."""
        return has_origin(url, self.root)

    def allows_download(self, url: str) -> bool:
        """True for an address that a report may be downloaded from. Suffixes count on port 443 only."""
        address = parse_address(url)
        if address is None:
            return False
        if address.port == 443 and (
            address.host in self.download_hosts or address.host.endswith(self.download_suffixes)
        ):
            return True
        return address.host_port in self.download_hosts


def follow(base: str, location: str) -> str:
    """Where a `Location` header points, seen from the URL that sent it; its bytes are kept as they came."""
    came_from = parse_address(base)
    is_path = location.startswith("/") and not location.startswith("//")
    return f"https://{came_from.host_port}{location}" if came_from and is_path else location


# Nobody documents where the national clouds serve the CSV from. `.office365.us` is where Microsoft serves other
# reports of the government clouds; for China name the host in the configuration once it is known, or use JSON.
_GOVERNMENT = (".office.com", ".office365.us")

CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "global": Cloud("https://graph.microsoft.com", "https://login.microsoftonline.com", reports_version="v1.0"),
        "us-gov-l4": Cloud(
            "https://graph.microsoft.us", "https://login.microsoftonline.us", download_suffixes=_GOVERNMENT
        ),
        "us-gov-l5": Cloud(
            "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", download_suffixes=_GOVERNMENT
        ),
        "china": Cloud("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    }
)
