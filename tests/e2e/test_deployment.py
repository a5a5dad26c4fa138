"""The deployments, as an operator makes and runs them: a Prefect server and a worker, from the checkout alone."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from config.sources import FILE_VARIABLE
from tests.e2e.services import running
from tests.stage import Stage, open_stage

ROOT = Path(__file__).parents[2]
PREFECT_FILE = "deployments/prefect.yaml"
PASSWORD = "operator:not-for-strangers"
WRITTEN = yaml.safe_load((ROOT / PREFECT_FILE).read_text(encoding="utf-8"))
DEPLOYMENTS = {deployment["name"]: deployment for deployment in WRITTEN["deployments"]}


@dataclass(frozen=True)
class Operator:
    """Somebody at the root of a checkout, with a Prefect server of their own that asks for a password."""

    environment: dict[str, str]

    def prefect(self, *words: str) -> str:
        """What `prefect` said on standard output; it must have succeeded."""
        return self._run("-m", "prefect", "--no-prompt", *words)

    def activation_sync(self, *words: str) -> str:
        """The same of our own command."""
        return self._run("-c", "from commands.main import main; main()", *words)

    def _run(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as stage:
        yield stage


@pytest.fixture
def operator(stage: Stage) -> Iterator[Operator]:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(stage.folder),
        "PREFECT_HOME": str(stage.folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_PROFILES_PATH": profile(stage.folder / "client.toml", "PREFECT_API_AUTH_STRING"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        FILE_VARIABLE: str(stage.folder / "activation-sync.toml"),
    }
    guarded = {"PREFECT_PROFILES_PATH": profile(stage.folder / "server.toml", "PREFECT_SERVER_API_AUTH_STRING")}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, environment | guarded, ROOT, stage.folder / "server.log", partial(is_healthy, api)):
        yield Operator(environment)


def profile(file: Path, setting: str) -> str:
    """The password where production has it: in a file that Prefect reads, not in the environment."""
    file.write_text(f'active = "production"\n[profiles.production]\n{setting} = "{PASSWORD}"\n', encoding="utf-8")
    return str(file)


def free_port() -> int:
    with socket.socket() as briefly:
        briefly.bind(("127.0.0.1", 0))
        return int(briefly.getsockname()[1])


def is_healthy(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_a_deployed_night_runs_on_a_worker(stage: Stage, operator: Operator):
    pool = DEPLOYMENTS["nightly"]["work_pool"]["name"]
    strangers = httpx.post(f"{operator.environment['PREFECT_API_URL']}/flow_runs/filter", json={}, trust_env=False)
    operator.activation_sync("register")
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]

    with running(worker, operator.environment, stage.folder, stage.folder / "worker.log", lambda: True):
        said = operator.prefect("deployment", "run", "nightly/nightly", "--watch")

    assert strangers.status_code == httpx.codes.UNAUTHORIZED
    assert "Flow run finished successfully in 'Completed'" in said, said
    assert PASSWORD not in said + (stage.folder / "worker.log").read_text(encoding="utf-8")
    assert stage.query("SELECT outcome, who <> '' FROM sync_run") == [("done", True)]
    assert len(stage.patches()) > 0
    assert stage.warehouse_rows() == stage.graph_rows()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_is_of_a_flow_that_takes_its_parameters(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(ROOT)

    flow = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"])

    scheduled = [schedule.get("parameters", {}) for schedule in DEPLOYMENTS[name]["schedules"]]
    for given in [{}, *scheduled]:
        assert set(flow.parameters.properties) >= set(DEPLOYMENTS[name].get("parameters", {}) | given)
    for given in scheduled:  # nobody is there to fill in the rest
        assert flow.validate_parameters(DEPLOYMENTS[name].get("parameters", {}) | given)


def test_the_time_zone_of_the_schedule_is_the_one_by_which_nights_are_told():
    [schedule] = DEPLOYMENTS["nightly"]["schedules"]
    assert schedule["timezone"] == DEPLOYMENTS["nightly"]["parameters"]["time_zone"]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_no_night_is_scheduled_in_the_hour_that_a_clock_change_skips_or_repeats(name: str):
    hours = [schedule["cron"].split()[1] for schedule in DEPLOYMENTS[name]["schedules"]]
    assert "2" not in hours


def test_deployments_name_no_folder_of_any_machine():
    """Without a `pull` step, Prefect notes the folder that they were registered from."""
    assert "pull" not in WRITTEN
    assert not any(Path(deployment["entrypoint"]).is_absolute() for deployment in DEPLOYMENTS.values())
