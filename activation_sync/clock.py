"""The clock: what time it is, and how to wait. Whoever needs it takes it as an argument, so that tests bring theirs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """now: this moment, UTC. sleep: waits so many seconds."""

    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep


CLOCK = Clock()
