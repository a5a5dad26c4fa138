"""Two HTTPS servers on loopback, in one thread, with a certificate of their own."""

import asyncio
import contextlib
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import trustme
from starlette.types import ASGIApp
from uvicorn import Config, Server

from activation_sync.emulator.http.wire import TransportProtocol

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 30.0
TICK_S = 0.01


class LoopbackServer(Server):
    """Stops at once when asked to: hangs up on whoever is connected, so that no slow client delays the end."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  uvicorn's door
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


def free_socket(port: int) -> socket.socket:
    """A socket bound to loopback only; port 0 takes a free one."""
    # the protocol is named because asyncio sends small answers at once (TCP_NODELAY) only then
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let two servers share a port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.close()
        raise
    return bound


@contextlib.contextmanager
def certified(ca_file: Path | None) -> Iterator[tuple[Path, ssl.SSLContext]]:
    """A new authority, its certificate as a PEM file, and a context that proves to be 127.0.0.1 and localhost.

    Without `ca_file` the file is temporary and goes with the context. The authority's key is never written.
    """
    authority = trustme.CA(organization_name="activation-sync emulator")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    with contextlib.ExitStack() as stack:
        if ca_file is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emulator-"))
            ca_file = Path(folder) / "ca.pem"
        ca_file.parent.mkdir(parents=True, exist_ok=True)
        ca_file.write_bytes(authority.cert_pem.bytes())
        yield ca_file, context


@contextlib.contextmanager
def serving(apps: Sequence[tuple[ASGIApp, socket.socket]], context: ssl.SSLContext) -> Iterator[None]:
    """Serve each application on its socket until the block ends."""
    servers = [(LoopbackServer(_config(app, context)), bound) for app, bound in apps]
    thread = threading.Thread(target=lambda: asyncio.run(_serve(servers)), name="emulator", daemon=True)
    thread.start()
    try:
        _wait_for_start([server for server, _ in servers], thread)
        yield
    finally:
        for server, _ in servers:
            server.should_exit = True
        thread.join()


def _config(app: ASGIApp, context: ssl.SSLContext) -> Config:
    return Config(
        app,
        http=TransportProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the scenario's own date stands in every answer
        timeout_keep_alive=60,
        ssl_context_factory=lambda *_: context,
    )


async def _serve(servers: Sequence[tuple[Server, socket.socket]]) -> None:
    await asyncio.gather(*(server.serve(sockets=[bound]) for server, bound in servers))


def _wait_for_start(servers: Sequence[Server], thread: threading.Thread) -> None:
    until = time.monotonic() + START_LIMIT_S
    while not all(server.started for server in servers):
        if not thread.is_alive() or time.monotonic() > until:
            raise RuntimeError(f"the emulator did not start within {START_LIMIT_S:.0f} s")
        time.sleep(TICK_S)
