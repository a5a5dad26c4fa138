"""`activation-sync up` as a newcomer starts it: a process of its own, in an empty folder, seen from outside."""

import os
import pty
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import httpx

from tests.support.servers.prefect_home import furnish

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from commands.main import main; main()"]
COLUMNS = "tenant, refreshed_on, product, assigned, activated, shared_computer_activation"
OURS = ("PREFECT_", "ACTIVATION_SYNC", "PYTEST_")
LONGEST_S = 400.0
LONGEST_STOP_S = 15.0
BUSY = 503
T = TypeVar("T")


@dataclass
class Site:
    """What was started, and the doors that people have to it.

    folder: where it was started; it was empty. password_file: as Prefect reads it. api: with the password.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    api: httpx.Client
    password_file: Path

    @property
    def home(self) -> Path:
        return self.folder / "up"

    @property
    def password(self) -> str:
        """What the dashboard asks for."""
        return password_in(self.password_file)

    def deployments(self) -> dict[str, Any]:
        return {found["name"]: found for found in self._post("/deployments/filter")}

    def runs(self) -> list[Any]:
        return list(self._post("/flow_runs/filter"))

    def artifact(self, key: str) -> str:
        """The newest version of what is shown under a key; its id."""
        return next(str(found["latest_id"]) for found in self._post("/artifacts/latest/filter") if found["key"] == key)

    def start(self, deployment: str, due_at: datetime | None = None, **parameters: Any) -> str:
        """Start a run as a person does, or as one that was due then and is late; return its id."""
        asked: dict[str, Any] = {"parameters": parameters}
        if due_at:
            details = {"scheduled_time": due_at.isoformat()}
            asked["state"] = {"type": "SCHEDULED", "name": "Late", "state_details": details}
        return str(self._post(f"/deployments/{self.deployments()[deployment]['id']}/create_flow_run", asked)["id"])

    def run(self, run_id: str) -> Any:
        return self._ask("GET", f"/flow_runs/{run_id}")

    def ended(self, run_id: str) -> Any:
        """The run, once it has come to its end."""
        return wait_for(lambda: (run := self.run(run_id))["state_type"] in ("COMPLETED", "FAILED", "CRASHED") and run)

    def warehouse_rows(self) -> set[tuple[Any, ...]]:
        return set(self.query(f"SELECT {COLUMNS} FROM activation_user_count"))  # noqa: S608

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "warehouse.db")) as connection:
            return connection.execute(statement).fetchall()

    def graph_rows(self) -> set[tuple[Any, ...]]:
        """What the emulated Graph holds, as the warehouse would write it."""
        return {
            (
                tenant["name"],
                row["refreshed_on"],
                " ".join(row["product_type"].split()).upper(),
                *(row[measure] for measure in ("assigned", "activated", "shared_computer_activation")),
            )
            for tenant in self._steering("state")["tenants"]
            for row in tenant["published"]
        }

    def will_answer(self, operation: str, fault: str, tenant: str, times: int) -> None:
        """Have the emulated Graph fail so many calls of a tenant."""
        self._steering("faults", operation=operation, kind=fault, tenant=tenant, times=times)

    def downloads(self) -> int:
        """Reports that Graph was asked for."""
        entries = self._steering("journal")["entries"]
        return sum(entry["operation"].startswith("GET getOffice365") for entry in entries)

    def processes(self) -> set[int]:
        """All that was started, by id, itself included; those that have ended and wait to be noticed are not alive."""
        return family_of(self.process.pid)

    def ports(self) -> list[int]:
        graph = self._configuration()["graph"]
        addresses = [str(self.api.base_url), graph["root"], f"https://{graph['download_hosts'][0]}"]
        return [port for address in addresses if (port := httpx.URL(address).port)]

    def stop(self, number: signal.Signals) -> int:
        """What Ctrl-C in a terminal, or a service manager, does; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LONGEST_STOP_S)

    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def _post(self, path: str, asked: dict[str, Any] | None = None) -> Any:
        return self._ask("POST", path, json=asked or {})

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        """Ask again while Prefect's SQLite is "locked", in bursts: it says 503 at once, and its own client waits."""
        answer = wait_for(lambda: (got := self.api.request(method, path, **content)).status_code != BUSY and got)
        return answer.raise_for_status().json()

    def _configuration(self) -> dict[str, Any]:
        return tomllib.loads((self.home / "activation-sync.toml").read_text(encoding="utf-8"))

    def _steering(self, what: str, **asked: Any) -> Any:
        trusting = ssl.create_default_context(cafile=str(self.home / "emulator-ca.pem"))
        address = f"{self._configuration()['graph']['root']}/_emulator/{what}"
        with httpx.Client(verify=trusting, trust_env=False) as client:
            answer = client.post(address, json=asked) if asked else client.get(address)
        return answer.raise_for_status().json()


@contextmanager
def open_site(folder: Path, *, on_terminal: bool = False, is_furnished: bool = True, **settings: str) -> Iterator[Site]:
    """Start it, wait until it says that it is ready, and leave nothing of it behind.

    on_terminal: it speaks to a terminal, and not into a file. is_furnished: Prefect's tables are there already.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | settings
    if is_furnished:
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = furnish(folder / "furnished")
    with _said(folder / "said.txt", on_terminal=on_terminal) as said:
        process = subprocess.Popen(  # noqa: S603
            [*COMMAND, "up", "--port", "0"],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    password_file = Path(settings.get("PREFECT_PROFILES_PATH", folder / "up/password.toml"))
    try:
        address = wait_for(lambda: _address(folder, process))
        with open_api(address, password_in(password_file)) as api:
            yield Site(folder, process, api, password_file)
    finally:
        process.terminate()
        exit_code = process.wait(LONGEST_STOP_S)
    assert exit_code == 0, (folder / "said.txt").read_text(encoding="utf-8")


@contextmanager
def _said(file: Path, *, on_terminal: bool) -> Iterator[int]:
    """Where a process is to write what `file` will hold."""
    with file.open("wb") as written:
        if not on_terminal:
            yield written.fileno()
            return
        screen, terminal = pty.openpty()
        yield terminal
        os.close(terminal)
    Thread(target=_copy_screen, args=(screen, file), daemon=True).start()


def _copy_screen(screen: int, file: Path) -> None:
    """Until whoever writes to the terminal has ended, which reads as an error."""
    with open(screen, "rb", buffering=0) as shown, file.open("ab", buffering=0) as written, suppress(OSError):
        while text := shown.read(4096):
            written.write(text)


def password_in(file: Path) -> str:
    """The one of the active profile."""
    profiles = tomllib.loads(file.read_text(encoding="utf-8"))
    return str(profiles["profiles"][profiles["active"]]["PREFECT_API_AUTH_STRING"])


@contextmanager
def open_api(address: str, login: str) -> Iterator[httpx.Client]:
    """Prefect's API for somebody with the password, and with the token that its CSRF protection asks for."""
    user, _, word = login.partition(":")
    with httpx.Client(base_url=address, auth=(user, word), timeout=60, trust_env=False) as api:
        token = api.get("/csrf-token", params={"client": "a person"}).raise_for_status().json()["token"]
        api.headers.update({"Prefect-Csrf-Client": "a person", "Prefect-Csrf-Token": token})
        yield api


def wait_for(look: Callable[[], T | bool | None]) -> T:
    """What is found at last; of things that take seconds."""
    until = time.monotonic() + LONGEST_S
    while not (found := look()):
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.5)
    return found  # type: ignore[return-value]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def are_alive(pids: set[int]) -> set[int]:
    return pids & {pid for pid, _ in _living()}


def family_of(pid: int) -> set[int]:
    """A process, whatever became of it, and all that came of it and is alive."""
    found = {pid}
    while more := {child for child, parent in _living() if parent in found} - found:
        found |= more
    return found


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str | None:
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert process.poll() is None, said
    found = re.search(r"Ready.*?(http://[0-9.:]+)", said, re.DOTALL)
    return f"{found[1]}/api" if found else None


def _living() -> list[tuple[int, int]]:
    """Process id and parent's id of all that runs on this machine."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)  # noqa: S607
    rows = [line.split() for line in told.stdout.splitlines()]
    return [(int(pid), int(parent)) for pid, parent, state in rows if not state.startswith("Z")]
