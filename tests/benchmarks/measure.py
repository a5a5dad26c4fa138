"""One measurement: a function in a process of its own, its seconds and its peak memory."""

import multiprocessing
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

SLOWEST_S = 600


@dataclass(frozen=True, slots=True)
class Cost:
    """seconds: of the function alone, imports and preparation left out. peak_mb: of its whole process."""

    seconds: float
    peak_mb: float

    def beside(self, floor: "Cost") -> str:
        return f"{self.seconds / floor.seconds:.1f} x"


def cost_of(work: Callable[..., Callable[[], object]], *arguments: Any) -> Cost:
    """Run `work(*arguments)` to prepare, and time what it returns. Raises RuntimeError when it fails."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        if not ours.poll(SLOWEST_S):
            raise RuntimeError(f"{work.__name__} took more than {SLOWEST_S} s")
        cost: Cost = ours.recv()
    except EOFError:
        raise RuntimeError(f"{work.__name__} failed; see above") from None
    finally:
        process.join(1)
        process.kill()
    return cost


def _measure(answer: Connection, work: Callable[..., Callable[[], object]], arguments: tuple[Any, ...]) -> None:
    timed = work(*arguments)
    started = time.perf_counter()
    timed()
    seconds = time.perf_counter() - started
    answer.send(Cost(seconds, _peak_mb()))


def _peak_mb() -> float:
    """Of this process alone: Linux's `ru_maxrss` would include that of the process it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def python(code: str) -> Callable[[], object]:
    """A fresh interpreter that runs `code`; its start is part of the cost."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
