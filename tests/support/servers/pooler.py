"""A real pgbouncer that lends a session for one transaction at a time, in front of the tests' PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from commands.support.servers import free_port
from tests.support.servers.packages import find_or_install
from tests.support.servers.postgres import UP_S, wait_until_up

REMEDY = "this test needs a pooler: apt-get install pgbouncer"
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"  # where Debian keeps it, and not everybody looks
SESSIONS = 6


@contextmanager
def serving_pooler(server_url: str) -> Iterator[str]:
    """The URL of the same database through the pooler, by TCP and without TLS; at most SESSIONS for each account."""
    program = find_or_install(lambda: shutil.which("pgbouncer", path=PLACES), "pgbouncer", REMEDY)
    server = urlsplit(server_url)
    [home] = parse_qs(server.query)["host"]
    folder, port = Path(tempfile.mkdtemp(prefix="pgbouncer-")), free_port(0)
    as_whom = _account_of(home)
    (folder / "pgbouncer.ini").write_text(_configuration(home, folder, port), encoding="utf-8")
    (folder / "accounts").write_text('"postgres" ""\n"activation_sync_job" ""\n', encoding="utf-8")
    if as_whom:
        for path in (folder, *folder.iterdir()):
            os.chown(path, as_whom["user"], -1)
    process = subprocess.Popen(  # noqa: S603
        [program, "--quiet", folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL, **as_whom
    )
    url = f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
    try:
        wait_until_up(url, "pgbouncer", process)
        yield url
    finally:
        process.kill()
        process.wait(UP_S)
        shutil.rmtree(folder)


def _configuration(home: str, folder: Path, port: int) -> str:
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": folder / "accounts",
        "pool_mode": "transaction",
        "default_pool_size": SESSIONS,
        "logfile": folder / "log",
    }
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    return f"[databases]\n* = host={home}\n[pgbouncer]\n{lines}\n"


def _account_of(home: str) -> dict[str, Any]:
    """Only the server's own account comes to its socket; and pgbouncer refuses root."""
    return {"user": Path(home).stat().st_uid, "extra_groups": []} if os.geteuid() == 0 else {}
