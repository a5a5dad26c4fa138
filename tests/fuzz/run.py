"""Feeds a target; what it raises beside our own errors is told with the seed that makes the same input again."""

import resource
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from activation_sync.errors import ActivationSyncError
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS


class Foreign(NamedTuple):
    """An error that is none of ours. seed: of its input."""

    target: str
    seed: int
    error: str


def feed(target: str, seeds: range) -> Iterator[Foreign]:
    """Feed a target one input a seed; give what went wrong."""
    take, good = TARGETS[target]
    for seed in seeds:
        try:
            take(mutated(good, Random(seed)))  # noqa: S311  chance, not secrecy
        except ActivationSyncError:
            pass
        except Exception as error:
            yield Foreign(target, seed, f"{type(error).__name__}: {str(error)[:200]}")


def peak_bytes() -> int:
    """The most memory this process ever held. Linux's own account of it begins anew with each program."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
