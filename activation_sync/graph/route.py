"""The way to Graph, its downloads and the sign-in: straight, or through the proxy of the configuration.

A proxy sees which hosts are called, and nothing of what is said: through CONNECT, TLS goes from end to end.
"""

import re
from dataclasses import dataclass, field

from activation_sync.errors import ActivationSyncError, ConfigError, GraphBusyError

_ANSWERED = re.compile(r"(?:^|Tunnel connection failed: )(\d{3})\b")  # as httpcore and http.client word it


@dataclass(frozen=True, slots=True)
class Route:
    """proxy: its address, with user and password if it asks for them, so never shown. None: straight.

    ignored: the environment variable that names a proxy. It is not used, and an error says so. Empty: there is none.
    """

    proxy: str | None = field(default=None, repr=False)
    ignored: str = ""

    @property
    def is_encrypted(self) -> bool:
        """True when the proxy itself is spoken to over TLS."""
        return (self.proxy or "").lower().startswith("https:")

    @property
    def advice(self) -> str:
        """What to look at when nothing answers."""
        if self.proxy:
            return f"check the network and the proxy {self._named}"
        if self.ignored:
            return f"check the network; the environment's {self.ignored} is not used: set graph.proxy"
        return "check the network"

    def refused(self, words: str) -> ActivationSyncError:
        """What the proxy's own answer means. words: the library's; only the status in them is believed and shown."""
        found = _ANSWERED.search(words)
        status = int(found[1]) if found else 0
        if status == 407:
            return ConfigError([f"The proxy {self._named} refused our user and password (407): fix graph.proxy."])
        if 400 <= status < 500:
            return ConfigError(
                [f"The proxy {self._named} does not let us through to that host ({status}): ask its operator."]
            )
        return GraphBusyError(f"No way through the proxy ({status or 'no answer'}): {self.advice} if this lasts.")

    @property
    def _named(self) -> str:
        """Host and port, without user and password."""
        return re.split("//|@", self.proxy or "")[-1].rstrip("/")


STRAIGHT = Route()
