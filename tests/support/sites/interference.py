"""What else may happen to the warehouse's database while a run is under way."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg

from tests.support.sites.site import Site

LIMIT_S = 30.0
OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
print("open", flush=True)
for statement in sys.stdin:
    connection.execute(statement)
    print("done", flush=True)
"""
END_THE_WAITING = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Neighbour:
    """Another process with the same SQLite file open."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, "-c", OTHER_PROCESS, str(file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self._wait_for_word()

    def execute(self, statement: str) -> None:
        """Have it execute a statement, and return once it has."""
        print(statement, file=self._process.stdin, flush=True)
        self._wait_for_word()

    def lock_for(self, seconds: float) -> None:
        self.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        self.execute("COMMIT")

    def close(self) -> None:
        self._process.communicate()

    def _wait_for_word(self) -> None:
        assert self._process.stdout.readline().strip() in ("open", "done")


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Do something beside the block; the block's end waits for its end, and fails when it failed."""
    errors: list[BaseException] = []

    def acting() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=acting)
    thread.start()
    yield
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert errors == []


def wait_until(is_so: Callable[[], object]) -> None:
    """Look every few milliseconds, for a while."""
    until = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until, "what was waited for did not happen"
        time.sleep(0.005)


def wait_for_call(site: Site, operation: str) -> None:
    """Until Graph has been called; what is slow in answering is still under way then."""
    wait_until(lambda: any(served.operation == operation for served in site.emulator.journal()))


def end_what_waits_for(url: str, table: str, is_held: Event) -> None:
    """Hold a table of PostgreSQL until a transaction waits for it, and break that transaction's connection."""
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as admin:
        holder.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        is_held.set()
        wait_until(lambda: admin.execute(END_THE_WAITING).fetchall())
