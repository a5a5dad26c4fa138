"""Moments at which a run may be killed or paused.

SQLAlchemy, the drivers, httpx and the file system tell of them; the product knows nothing of it. Reading statements
are no moments: between two of them nothing differs that a crash could spoil.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
from fsspec.implementations.local import LocalFileOpener
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

Notice = Callable[[str], None]
Inspect = Callable[[httpx.Request], None]

WRITES = ("INSERT", "UPDATE", "DELETE")
FILE_EVENTS = ("os.rename", "os.remove", "os.chmod")
ROWS_APART = 25  # of a bulk load, one row in so many is a moment
_for_ever = ExitStack()


def look_away(_: httpx.Request) -> None:
    """Nobody looks at requests."""


@contextmanager
def watching(notice: Notice, inspect: Inspect = look_away) -> Iterator[None]:
    """Tell `notice` of every moment of every run in this process, until the block ends.

    inspect: looks at each request at the last moment before it leaves.
    """
    with _of_databases(_but_for_renewals(notice)), _of_requests(notice, inspect):
        yield


def watch_for_ever(notice: Notice) -> None:
    """Tell `notice` of files too. For a process that is about to die anyway: the interpreter never forgets a hook."""
    files = _but_for_renewals(notice)
    sys.addaudithook(lambda name, _: files(f"before {name}") if name in FILE_EVENTS else None)
    _halve_writes(files)
    _for_ever.enter_context(watching(notice))


def _but_for_renewals(notice: Notice) -> Notice:
    """The thread that renews the lease works by the clock, so its moments come at no fixed place."""

    def told(label: str) -> None:
        if not threading.current_thread().name.startswith("lease of"):
            notice(label)

    return told


@contextmanager
def _of_databases(notice: Notice) -> Iterator[None]:
    statements = _Statements(notice)
    listeners = [
        (Engine, "before_cursor_execute", statements.begin),
        (Engine, "after_cursor_execute", statements.end),
        (Engine, "commit", statements.commit),
        (Pool, "checkin", statements.give_back),
    ]
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    copied, write_row = _Rows(notice, "row of COPY"), psycopg.Copy.write_row
    psycopg.Copy.write_row = lambda copy, row: (copied(), write_row(copy, row))[1]  # type: ignore[method-assign]
    try:
        yield
    finally:
        psycopg.Copy.write_row = write_row  # type: ignore[method-assign]
        for target, name, listener in listeners:
            event.remove(target, name, listener)


class _Statements:
    """Writing statements, rows of a batch, and commits, as SQLAlchemy tells of them."""

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._thread = threading.local()

    def begin(self, conn: Connection, _: Any, statement: str, __: Any, ___: Any, is_many: bool) -> None:
        words = statement.split(maxsplit=3)
        if words[0] in WRITES:
            self._notice(f"before {' '.join(words[:3])}")
        if is_many and conn.dialect.name == "sqlite":
            _driver(conn).set_trace_callback(_Rows(self._notice, f"row of {words[2]}"))

    def end(self, conn: Connection, *others: Any) -> None:
        if others[-1] and conn.dialect.name == "sqlite":
            _driver(conn).set_trace_callback(None)

    def commit(self, conn: Connection) -> None:
        if conn.get_execution_options().get("begin") == "BEGIN IMMEDIATE":
            self._notice("before commit")
            self._thread.has_written = True

    def give_back(self, *_: Any) -> None:
        if getattr(self._thread, "has_written", False):
            self._thread.has_written = False
            self._notice("after commit")


class _Rows:
    def __init__(self, notice: Notice, label: str) -> None:
        self._notice, self._label, self._count = notice, label, 0

    def __call__(self, _: str = "") -> None:
        self._count += 1
        if self._count % ROWS_APART == 2:
            self._notice(self._label)


def _driver(conn: Connection) -> Any:
    return conn.connection.driver_connection


@contextmanager
def _of_requests(notice: Notice, inspect: Inspect) -> Iterator[None]:
    send = httpx.HTTPTransport.handle_request

    def told(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        *_, place, name = request.url.path.split("/")
        what = "download" if place == "download" else f"{request.method} {name}"
        notice(f"request {what}")
        inspect(request)
        response = send(transport, request)
        notice(f"answer {what}")
        return response

    httpx.HTTPTransport.handle_request = told  # type: ignore[method-assign]
    try:
        yield
    finally:
        httpx.HTTPTransport.handle_request = send  # type: ignore[method-assign]


def _halve_writes(notice: Notice) -> None:
    """A file that is written gets half of its bytes, and then there is a moment."""
    write = LocalFileOpener.write

    def halved(opener: LocalFileOpener, content: bytes) -> int:
        half = write(opener, content[: len(content) // 2])
        opener.flush()
        notice("in the middle of a file")
        return int(half + write(opener, content[len(content) // 2 :]))

    LocalFileOpener.write = halved
