"""Ctrl-C ends a command soon, whatever Prefect and its threads still wait for."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import NoReturn

INTERRUPTED = 130  # exit code, as shells count it: 128 and the signal's number
GRACE_S = 3.0
WORDS = "interrupted: what is done stays done, and the next run goes on from there"


@contextmanager
def ending_soon() -> Iterator[None]:
    """Unwind at Ctrl-C, but not for long; a second Ctrl-C ends the process at once.

    Unwinding frees the tenant for the next run. Then Prefect would go on, joining threads that wait for Graph for many
    minutes. A run may be killed anywhere, so nobody waits; a server of the command's own ends when the command is gone.
    """
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(*_: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stderr.write(f"\n{WORDS}\n")  # not by rich, which may be at work on a line of its own
    leaving = Timer(GRACE_S, _leave)
    leaving.daemon = True
    leaving.start()
    raise KeyboardInterrupt


def _leave() -> None:
    os._exit(INTERRUPTED)
