"""What `up` starts: ended with all that it started itself, and missed when it ends too early."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from activation_sync.errors import ConfigError
from commands.support.children import open_child
from commands.support.servers import LOOPBACK, free_port, open_server, refuse_ended
from tests.support.sites.interference import wait_until
from tests.support.sites.newcomer import are_alive, family_of, wait_for

STARTS_ANOTHER = """
import subprocess, sys
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(other.pid, flush=True)
other.wait()
"""


def test_a_child_is_ended_with_what_it_started(tmp_path: Path):
    log = tmp_path / "log"
    with open_child("a child", [sys.executable, "-c", STARTS_ANOTHER], log, tmp_path) as child:
        grandchild = int(wait_for(lambda: log.read_text().strip()))
        assert are_alive({grandchild})

    assert child.exit_code is not None
    assert not are_alive({grandchild})


OWNS_A_SERVER = """
import sys
from pathlib import Path
from commands.support.children import open_child
folder = Path(sys.argv[1])
command = [sys.executable, "-m", "commands.support.owned", "http.server", "0", "--bind", "127.0.0.1"]
with open_child("a server", command, folder / "log", folder):
    input()
"""


def test_a_child_ends_when_its_owner_was_killed(tmp_path: Path):
    owner = subprocess.Popen([sys.executable, "-c", OWNS_A_SERVER, str(tmp_path)], stdin=subprocess.PIPE)  # noqa: S603
    with owner:
        wait_until(lambda: b"Serving" in log.read_bytes() if (log := tmp_path / "log").exists() else None)
        family = family_of(owner.pid)
        owner.kill()

    assert len(family) == 2
    wait_until(lambda: not are_alive(family))


def test_a_child_that_ends_by_itself_is_noticed_and_its_log_named(tmp_path: Path):
    with open_child("the worker", [sys.executable, "-c", "exit(7)"], tmp_path / "worker.log", tmp_path) as child:
        wait_until(lambda: child.exit_code is not None)
        with pytest.raises(ConfigError, match=r"the worker ended by itself \(code 7\); .*worker\.log says why"):
            refuse_ended(child)


def test_a_port_that_is_taken_is_refused_before_anything_is_started(tmp_path: Path):

    with socket.create_server((LOOPBACK, free_port(0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken"), open_server(tmp_path, port):
            pass

    assert list(tmp_path.iterdir()) == []
