"""An HTTPS server on loopback that says exactly what a test scripts, for answers no sane Graph would give."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

import trustme

TENANT_ID = "6b1c2a52-0000-4000-8000-00000000c0de"
SECRET = "s3cret~of~the~tests"
TOKEN = "eyJ0b2tlbiI.of.the-tests"


@dataclass(frozen=True)
class Scripted:
    """One answer. body: bytes as they are, anything else as JSON. length: a Content-Length that lies."""

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    """One request as it arrived; connection tells requests of one connection from those of another."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes
    connection: int


class ScriptedServer:
    """Answers are used up in order, by method and path; what nobody scripted is a 418."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.seen: list[Request] = []
        self._answers: dict[str, list[Scripted]] = {}
        self._lock = Lock()

    @property
    def host_port(self) -> str:
        return self.root.removeprefix("https://")

    def will_answer(self, call: str, *answers: Scripted) -> None:
        """call: as in `GET /beta/$batch`, without the query."""
        self._answers.setdefault(call, []).extend(answers)

    def answer(self, seen: Request) -> Scripted:
        with self._lock:
            self.seen.append(seen)
            waiting = self._answers.get(f"{seen.method} {seen.target.partition('?')[0]}")
            return waiting.pop(0) if waiting else Scripted(418)

    def calls(self) -> list[str]:
        return [f"{seen.method} {seen.target}" for seen in self.seen]

    def unused(self) -> list[str]:
        return [call for call, answers in self._answers.items() if answers]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    scripted: ScriptedServer

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = self.client_address[1]
        answer = self.scripted.answer(Request(self.command, self.path, headers, content, port))
        self.send_response(answer.status)
        length = len(answer.content) if answer.length is None else answer.length
        for name, value in {"Content-Length": str(length), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)
        self.close_connection = answer.length is not None

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815  the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        """Says nothing; `seen` has it all."""


@contextmanager
def open_scripted(authority: trustme.CA) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    handler = type("_BoundHandler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    handler.scripted = ScriptedServer(f"https://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield handler.scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_ca(authority: trustme.CA, directory: Path) -> Path:
    path = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def discovery(server: ScriptedServer) -> Scripted:
    base = f"{server.root}/{TENANT_ID}/oauth2/v2.0"
    return Scripted(body={"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize"})


def issued(token: str = TOKEN, **more: object) -> Scripted:
    return Scripted(body={"token_type": "Bearer", "expires_in": 3599, "access_token": token, **more})


def will_discover(server: ScriptedServer, times: int = 1) -> None:
    call = f"GET /{TENANT_ID}/v2.0/.well-known/openid-configuration"
    server.will_answer(call, *[discovery(server)] * times)


def will_issue(server: ScriptedServer, *answers: Scripted) -> None:
    server.will_answer(f"POST /{TENANT_ID}/oauth2/v2.0/token", *answers)


def will_sign_in(server: ScriptedServer) -> None:
    will_discover(server)
    will_issue(server, issued())
