"""Prefect's servers and worker as commands start them: on loopback, in a home of their own, ended with the command."""

import atexit
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from activation_sync.errors import ConfigError
from commands.support.children import Child, open_child
from commands.support.console import use_own_prefect
from commands.support.password import password_file

LOOPBACK = "127.0.0.1"
LONGEST_START_S = 180.0  # of a server in a new home, on a slow machine
POLL_S = 0.3
SETTINGS = {  # what the user has set stays
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # The newer dashboard makes the reader's browser ask a telemetry host on each page, even with analytics off.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "10",  # its own SQLite is "locked" in bursts
    # A run whose worker was killed is found by its missing heartbeats (automations.yaml); the more, the surer.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_WORKER_QUERY_SECONDS": "3",
}


def server_in_use() -> str | None:
    """The address of the Prefect server that the user works with already."""
    return os.environ.get("PREFECT_API_URL") or None


def start_server_if_needed() -> None:
    """Give this process's flows a Prefect server: the one the user works with, else one that ends with the process.

    Prefect would start one by itself, too, and leave it running for ever when this process is killed.
    """
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url or not settings.server.ephemeral.enabled:
        return
    port = free_port(0)
    command = [*_owned("commands.support.temporary_server"), str(port)]
    server = Child("the temporary Prefect server", command, settings.home / "temporary-server.log", Path.cwd())
    atexit.register(server.end)  # and not before: Prefect sends the last lines of the log when the process ends
    _wait_for(server, f"http://{LOOPBACK}:{port}/api/health")
    _use(port)


def _use(port: int) -> None:
    """From now on this process and those it starts talk to the server on this port."""
    from prefect.context import refresh_global_settings_context

    os.environ["PREFECT_API_URL"] = f"http://{LOOPBACK}:{port}/api"
    refresh_global_settings_context()


@contextmanager
def open_server(home: Path, port: int) -> Iterator[Child]:
    """A Prefect server on loopback, whose API this process and those it starts use from now on.

    Whoever may use the API can have the worker run programs, so it asks for a password and serves no other page.
    """
    refuse_taken(port)
    use_own_prefect(home / "prefect")
    os.environ |= {
        "PREFECT_PROFILES_PATH": str(password_file(home)),
        "PREFECT_API_URL": f"http://{LOOPBACK}:{port}/api",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port}",
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_UI_API_URL": "/api",  # so that http://localhost, or another end of a tunnel, is no other origin
    }
    command = [*_prefect(), "server", "start", "--host", LOOPBACK, "--port", str(port)]
    with open_child("the Prefect server", command, home / "server.log", home) as server:
        _wait_for(server, f"http://{LOOPBACK}:{port}/api/health")
        yield server


@contextmanager
def open_worker(home: Path, pool: str) -> Iterator[Child]:
    """A worker that runs each flow in a process of its own."""
    command = [*_prefect(), "worker", "start", "--pool", pool, "--type", "process"]
    with open_child("the worker", command, home / "worker.log", home) as worker:
        yield worker


def settle_prefect() -> None:
    """Set what Prefect reads, here and in the processes that are started, before it is first imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def free_port(port: int) -> int:
    """This port, or a free one when it is 0."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return port or int(probe.getsockname()[1])


def refuse_ended(child: Child) -> None:
    """ConfigError once a child has ended by itself, with the place where it says why."""
    if child.exit_code is not None:
        raise ConfigError([f"{child.name} ended by itself (code {child.exit_code}); {child.log} says why"])


def end_leftovers() -> None:
    """Give up the runs that were at work when this server and its worker last stopped, however they did.

    Prefect goes on to count a run whose process was killed as running, and while it does, the next night waits for it.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    at_work = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=at_work))):
            client.set_flow_run_state(run.id, Crashed(message="Its server and worker stopped; the next run goes on."))


def _prefect() -> list[str]:
    return _owned("prefect")


def _owned(module: str) -> list[str]:
    return [sys.executable, "-m", "commands.support.owned", module]


def refuse_taken(port: int) -> None:
    """ConfigError when something listens there already; 0 is always free."""
    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, port)) == 0:
            raise ConfigError(
                [f"port {port} is taken; choose another --port, or set PREFECT_API_URL to use that server"]
            )


def _wait_for(server: Child, url: str) -> None:
    until = time.monotonic() + LONGEST_START_S
    while not _answers(url):
        refuse_ended(server)
        if time.monotonic() > until:
            raise ConfigError([f"{server.name} did not answer in {LONGEST_START_S:.0f} s; see {server.log}"])
        time.sleep(POLL_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
