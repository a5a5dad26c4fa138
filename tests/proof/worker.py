"""A worker that can be killed: a process of its own, forked from a warmed-up one, that lives through one run.

It is killed by SIGKILL, as the kernel's memory killer or a lost machine would do it: nothing is closed, nothing is
rolled back, no `finally` runs.
"""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from activation_sync.core.runs.summary import RunSummary
from config.sources import use_file
from tests.proof.direct import run_directly
from tests.proof.moments import watch_for_ever

LONGEST_RUN_S = 120
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["tests.proof.worker"])


@dataclass(frozen=True, slots=True)
class Life:
    """What one worker lived through. moments: as far as it came; summary: None when it was killed."""

    moments: tuple[str, ...]
    summary: RunSummary | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """What a worker is told: which tenant, which night, by which configuration."""

    config: Path
    tenant: str
    as_of: date


def live(night: Night, dies_at: int | None = None) -> Life:
    """One run in a process of its own, killed at its moment number `dies_at` (from 0), if it gets that far."""
    with starting(night, dies_at) as (process, ours):
        moments = []
        try:
            while isinstance(told := ours.recv(), str):
                moments.append(told)
        except EOFError:
            process.join(LONGEST_RUN_S)
            assert process.exitcode == -signal.SIGKILL, f"the worker ended with {process.exitcode}, not killed"
            return Life(tuple(moments))
        return Life(tuple(moments), told)


class starting:  # noqa: N801  used as a function
    """A worker on its way, and the pipe it talks through; ended with the block."""

    def __init__(self, night: Night, dies_at: int | None = None) -> None:
        self._ours, theirs = FORKING.Pipe(duplex=False)
        self._process = FORKING.Process(target=_work, args=(night, dies_at, theirs))
        self._process.start()
        theirs.close()

    def __enter__(self) -> tuple[BaseProcess, Connection]:
        return self._process, self._ours

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.join(LONGEST_RUN_S)
        self._process.kill()
        self._process.join()


def _work(night: Night, dies_at: int | None, theirs: Connection) -> None:
    use_file(night.config)
    moments = _Moments(dies_at, theirs.send)
    watch_for_ever(moments)
    theirs.send(run_directly(night.tenant, night.as_of, moments))


class _Moments:
    """Counts moments, tells of each, and kills this process at one of them. Its threads take turns."""

    def __init__(self, dies_at: int | None, tell: Callable[[str], None]) -> None:
        self._dies_at, self._tell, self._count = dies_at, tell, 0
        self._lock = threading.Lock()

    def __call__(self, label: str) -> None:
        with self._lock:
            self._tell(label)
            if self._count == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self._count += 1
