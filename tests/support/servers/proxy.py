"""A proxy on loopback as companies have them: CONNECT only, with a password, and over TLS if asked."""

import base64
import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import trustme

USER, PASSWORD = "sync", "p@ss:w/rd"
QUIET_S = 20.0  # after which a tunnel in which nobody speaks is closed


@dataclass
class Proxy:
    """url: with user and password. asked: first line of each request. ports: from where it called on, a tunnel each.

    refusal: status given to whoever has the right password; 0 lets them through.
    """

    url: str
    refusal: int = 0
    asked: list[str] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)

    @property
    def host_port(self) -> str:
        return self.url.rpartition("@")[2]


class _Handler(StreamRequestHandler):
    timeout = QUIET_S
    proxy: Proxy

    def handle(self) -> None:
        line, *headers = iter(lambda: self.rfile.readline().decode("latin-1").strip(), "")
        self.proxy.asked.append(line)
        status = self.proxy.refusal if _has_password(headers) else 407
        if status:
            self.wfile.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return
        host, _, port = line.split()[1].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=QUIET_S) as onward:
            self.proxy.ports.add(onward.getsockname()[1])
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(self.connection, onward)


def _has_password(headers: list[str]) -> bool:
    right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return any(header.lower() == f"proxy-authorization: basic {right}".lower() for header in headers)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """What one side says, to the other, until one of them ends or nobody speaks."""
    while readable := select.select([one, other], [], [], QUIET_S)[0]:
        for spoke in readable:
            said = spoke.recv(65_536)
            while isinstance(spoke, ssl.SSLSocket) and spoke.pending():
                said += spoke.recv(65_536)
            if not said:
                return
            (other if spoke is one else one).sendall(said)


@contextmanager
def open_proxy(authority: trustme.CA | None = None) -> Iterator[Proxy]:
    """authority: issues the certificate of a proxy that itself is spoken to over TLS."""
    handler = type("_BoundHandler", (_Handler,), {})
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https" if authority else "http"
        handler.proxy = Proxy(f"{scheme}://{USER}:p%40ss%3Aw%2Frd@127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield handler.proxy
        finally:
            server.shutdown()
            thread.join()
