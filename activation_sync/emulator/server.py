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

from activation_sync.emulator.wire import TransportProtocol

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 30.0


def free_socket(port: int) -> socket.socket:
    """A socket bound to loopback only; port 0 takes a free one."""
    bound = socket.socket()
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
    servers = [(Server(_config(app, context)), bound) for app, bound in apps]
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
    await asyncio.gather(*(_serve_one(server, bound) for server, bound in servers))


async def _serve_one(server: Server, bound: socket.socket) -> None:
    """Serve until asked to stop, then let no slow client delay the end."""
    hang_up = asyncio.create_task(_hang_up_at_the_end(server))
    await server.serve(sockets=[bound])
    await hang_up


async def _hang_up_at_the_end(server: Server) -> None:
    while not server.should_exit:
        await asyncio.sleep(0.02)
    for connection in list(server.server_state.connections):
        connection.transport.abort()


def _wait_for_start(servers: Sequence[Server], thread: threading.Thread) -> None:
    until = time.monotonic() + START_LIMIT_S
    while not all(server.started for server in servers):
        if not thread.is_alive() or time.monotonic() > until:
            raise RuntimeError(f"the emulator did not start within {START_LIMIT_S:.0f} s")
        time.sleep(0.01)
