"""Long-running programs of a test: started in a group of their own, and ended by the number they got."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

UP_S, DOWN_S = 90.0, 20.0


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, is_up: Callable[[], bool]
) -> Iterator[None]:
    """The program for as long as the block lasts, from the moment it is up; its words go to `log`."""
    with log.open("wb") as words:
        program = subprocess.Popen(  # noqa: S603
            command, env=dict(environment), cwd=folder, stdout=words, stderr=words, start_new_session=True
        )
    try:
        _wait_until_up(program, is_up, log)
        yield
    finally:
        program.terminate()
        with suppress(subprocess.TimeoutExpired):
            program.wait(DOWN_S)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)  # whatever it started and left behind
        program.wait()


def _wait_until_up(program: "subprocess.Popen[bytes]", is_up: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + UP_S
    while not is_up():
        assert program.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)  # another program's start cannot be waited for otherwise
