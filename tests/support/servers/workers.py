"""A Prefect server and workers of one pool, as several machines would run them: each with a home of its own.

The server asks for a password, which it and the workers have where production has it: in files that Prefect reads.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from config.sources import FILE_VARIABLE
from tests.support.servers.services import running
from tests.support.sites.newcomer import family_of

ROOT = Path(__file__).parents[3]
POOL = "activation-sync"
REGISTER = [sys.executable, "-c", "from commands.main import main; main()", "register"]
OPERATOR, PASSWORD = "operator", "not-for-strangers"


@dataclass(frozen=True)
class Machine:
    """A folder with a configuration, a Prefect home and an environment that no other machine sees."""

    folder: Path
    environment: Mapping[str, str]

    def prefect(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "prefect", "--no-prompt", *words]


@dataclass(frozen=True)
class Worker:
    """A worker that runs each flow in a process of its own."""

    name: str
    pid: int

    def kill(self) -> None:
        """What a power cut does: worker and flows are gone at once, and nobody is told."""
        for pid in family_of(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Prefect:
    """The server, seen through its API."""

    api: httpx.Client

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a run as a person does; return its id."""
        found = self._ask("GET", f"/deployments/name/{deployment}")
        return str(self._ask("POST", f"/deployments/{found['id']}/create_flow_run", parameters=parameters)["id"])

    def run(self, run_id: str) -> Any:
        return self._ask("GET", f"/flow_runs/{run_id}")

    def runs(self, flow: str) -> list[Any]:
        return list(self._ask("POST", "/flow_runs/filter", flows={"name": {"any_": [flow]}}))

    def artifact(self, key: str) -> Any:
        return self._ask("GET", f"/artifacts/{key}/latest")

    def _ask(self, method: str, path: str, **asked: Any) -> Any:
        return self.api.request(method, path, json=asked).raise_for_status().json()


def machine(folder: Path, api: str, configured_in: Path) -> Machine:
    """A new machine on which the job is configured as in that folder."""
    folder.mkdir()
    for file in configured_in.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    return Machine(
        folder,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": api,
            "PREFECT_PROFILES_PATH": profile(folder / "client.toml", "PREFECT_API_AUTH_STRING"),
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            FILE_VARIABLE: str(folder / "activation-sync.toml"),
            **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},  # to the bucket
        },
    )


def profile(file: Path, setting: str) -> str:
    """A file of Prefect's settings, with the password for one side or the other."""
    written = f'active = "production"\n[profiles.production]\n{setting} = "{OPERATOR}:{PASSWORD}"\n'
    file.write_text(written, encoding="utf-8")
    return str(file)


@contextmanager
def serving(server: Machine, database_url: str) -> Iterator[Prefect]:
    """Prefect's server with the deployments registered, as the runbook says; on SQLite it would lock itself up."""
    api = server.environment["PREFECT_API_URL"]
    environment = {
        **server.environment,
        "PREFECT_PROFILES_PATH": profile(server.folder / "server.toml", "PREFECT_SERVER_API_AUTH_STRING"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url.replace("postgresql:", "postgresql+asyncpg:"),
        # the dashboard's rows of task runs and events: half of the server's work, and nothing here looks at them
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    }
    port = str(httpx.URL(api).port)
    command = server.prefect("server", "start", "--host", "127.0.0.1", "--port", port)
    with running(
        command,
        environment,
        server.folder,
        server.folder / "server.log",
        partial(is_healthy, api),
    ):
        subprocess.run(REGISTER, cwd=ROOT, env=dict(server.environment), check=True, timeout=120)  # noqa: S603
        strangers = httpx.post(f"{api}/flow_runs/filter", json={}, trust_env=False)
        assert strangers.status_code == httpx.codes.UNAUTHORIZED
        with httpx.Client(base_url=api, auth=(OPERATOR, PASSWORD), timeout=60, trust_env=False) as client:
            yield Prefect(client)


@contextmanager
def working(machine: Machine, runs_at_once: int) -> Iterator[Worker]:
    name, log = machine.folder.name, machine.folder / "worker.log"
    command = machine.prefect("worker", "start", "--pool", POOL, "--name", name, "--limit", str(runs_at_once))
    with log.open("wb") as words:
        process = subprocess.Popen(  # noqa: S603
            command, env=dict(machine.environment), cwd=machine.folder, stdout=words, stderr=words
        )
    worker = Worker(name, process.pid)
    try:
        yield worker
    finally:
        worker.kill()
        process.wait()


def free_api() -> str:
    with socket.socket() as briefly:
        briefly.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{briefly.getsockname()[1]}/api"


def is_healthy(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False
