"""A web server on loopback that keeps what is POSTed to it, as a chat's webhook would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Receiver:
    """url: where to POST to; its path stands for the secret that such addresses hold. got: every body, as JSON."""

    url: str
    got: list[Any] = field(default_factory=list)


@contextmanager
def open_receiver(path: str = "/hook/top-secret") -> Iterator[Receiver]:
    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}{path}")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()
