"""What a worker of the proof leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.sites.interference import wait_until

ROOT = Path(__file__).parents[2]
LIVES_A_NIGHT = """
from activation_sync.emulator import Scenario
from tests.proof.ground import open_ground
from tests.proof.worker import Night, live

with open_ground("sqlite") as ground, ground.staged(Scenario(users=20)) as site:
    life = live(Night(site.folder / "activation-sync.toml", site.tenant.name, site.emulator.today))
print(life.summary.outcome)
"""


def test_a_worker_of_the_proof_starts_no_server_and_leaves_no_process_behind(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    proof = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", LIVES_A_NIGHT],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    assert proof.communicate()[0] == "done\n"
    wait_until(lambda: living_of(proof.pid) == [])


def living_of(session: int) -> list[str]:
    """Command lines of all that is alive in this session, whoever its parent is by now."""
    told = subprocess.run(["ps", "-o", "stat=,args=", "-s", str(session)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return [line for line in told.stdout.splitlines() if not line.startswith("Z")]
