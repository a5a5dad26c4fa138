"""Processes that a command starts and ends again, each with all that it started itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE_S = 5.0  # for a process to end by itself once it was asked to
POLL_S = 0.1


class Child:
    """A process at the head of a group of its own, which Ctrl-C in our terminal does not reach; we end it.

    Its standard input stays open and empty until it is ended or this process is gone, however that happened.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, folder: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  a command of ours
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """Ask the whole group to end, wait for `GRACE_S`, and kill what is left of it."""
        self._tell_group(signal.SIGTERM)
        _wait_until(lambda: not self._is_alive(), GRACE_S)
        if sys.platform != "win32":
            self._tell_group(signal.SIGKILL)
        self._process.kill()
        self._process.communicate()

    def _is_alive(self) -> bool:
        if sys.platform == "win32":
            return self._process.poll() is None
        self._process.poll()  # once it has ended itself, it must not count as one of its group
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _tell_group(self, number: signal.Signals) -> None:
        if sys.platform == "win32":
            self._process.terminate()
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@contextmanager
def open_child(name: str, command: Sequence[str], log: Path, folder: Path) -> Iterator[Child]:
    """A process that lasts as long as the block, at most."""
    child = Child(name, command, log, folder)
    try:
        yield child
    finally:
        child.end()


@contextmanager
def until_stopped() -> Iterator[None]:
    """Leave the block at the first Ctrl-C or SIGTERM; later ones do not disturb the clearing up, which is short."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _wait_until(is_so: Callable[[], bool], most_s: float) -> None:
    until = time.monotonic() + most_s
    while not is_so() and time.monotonic() < until:
        time.sleep(POLL_S)
