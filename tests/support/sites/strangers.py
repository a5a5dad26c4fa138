"""What somebody tries who reaches the port of a Prefect server and wants the worker to run a program of theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import httpx

from tests.support.sites.newcomer import BUSY, wait_for

NOBODY = str(UUID(int=0))
# from a page's script: the status of each answer that the page may read, or that the browser let none through
ASK = """async ({api, login}) => {
  const known = login ? {Authorization: 'Basic ' + btoa(login)} : {};
  const ask = (path, method, headers, body) => fetch(api + path, {method, headers: {...known, ...headers}, body})
    .then(answer => answer.status, () => 'kept from the page');
  const flow = JSON.stringify({name: 'planted'});
  return [
    await ask('admin/settings', 'GET', {}),
    await ask('csrf-token?client=page', 'GET', {}),
    await ask('flows/', 'POST', {'Content-Type': 'application/json'}, flow),
    await ask('flows/', 'POST', {'Content-Type': 'text/plain'}, flow),
  ]; }"""


def plant(api: httpx.Client, made: Path) -> list[int]:
    """Post a deployment that makes a file before its flow begins, and a run of it; return the status of each step.

    While the server says that it is busy, as its SQLite is in bursts, the step is posted again.
    """
    script = {"prefect.deployments.steps.run_shell_script": {"script": f"touch {made}"}}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("/flows/", {"name": "planted"}),
        ("/deployments/", {"name": "planted", "work_pool_name": "activation-sync", "pull_steps": [script]}),
        ("/deployments/{}/create_flow_run", {}),
    ]
    statuses, before = [], NOBODY
    for path, asked in steps:
        belongs = {"flow_id": before, "entrypoint": "planted.py:planted"} if path == "/deployments/" else {}
        post = partial(api.post, path.format(before), json=asked | belongs)
        answer = wait_for(lambda post=post: (got := post()).status_code != BUSY and got)
        before = answer.json().get("id", NOBODY)
        statuses.append(answer.status_code)
    return statuses


@contextmanager
def serving_another_page() -> Iterator[str]:
    """The address of an empty page on a port of its own, which makes it a page of another origin."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Another page</title>")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
