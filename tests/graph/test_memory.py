"""The memory of a process that is attacked, measured."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

from tests.support.servers.scripted_graph import Scripted, will_sign_in

MOST_BYTES = 300_000_000
CSV = "GET /v1.0/reports/getOffice365ActivationsUserDetail"
JSON = "GET /beta/reports/getOffice365ActivationsUserDetail"
ROOT = Path(__file__).parents[2]


def test_a_process_under_attack_holds_less_than_300_mb(server, ca_file):
    zeros = gzip.compress(bytes(256_000_000), 1)
    will_sign_in(server)
    server.will_answer(CSV, *[Scripted(200, body, {"Content-Encoding": "gzip"}) for body in (zeros, zeros[:-9])])
    server.will_answer(
        JSON,
        Scripted(200, b'{"value":[' + b'{"":0},' * 500_000 + b"{}]}"),  # within the bound, the worst that is
        Scripted(200, gzip.compress(zeros), {"Content-Encoding": "gzip, gzip"}),
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.graph.attacker", server.root, str(ca_file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < MOST_BYTES
