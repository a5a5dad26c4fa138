"""`register` against Prefect servers that do not take it: the remedy, not a traceback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from commands.support.exits import Exit
from tests.support.sites.terminal import Terminal


@contextmanager
def refusing(status: int) -> Iterator[str]:
    """A server that answers everything with this status."""

    class Refusal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        do_POST = do_GET  # noqa: N815  the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusal)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "remedy"), [(401, "set PREFECT_API_AUTH_STRING"), (404, "its log says why")])
def test_a_server_that_refuses_is_named_with_the_remedy(tmp_path, status, remedy):
    with refusing(status) as api:
        said = Terminal(tmp_path).type("register", PREFECT_API_URL=api)

    assert said.code == Exit.USAGE
    assert f"the Prefect server at {api} refused the request ({status}); {remedy}" in said.everything


def test_a_server_that_does_not_answer_is_named(tmp_path):
    with socket.socket() as briefly:
        briefly.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{briefly.getsockname()[1]}/api"

    said = Terminal(tmp_path).type("register", PREFECT_API_URL=api)

    assert said.code == Exit.USAGE
    assert f"no Prefect server answers at {api}; start it" in said.everything
    assert "Traceback" not in said.everything
