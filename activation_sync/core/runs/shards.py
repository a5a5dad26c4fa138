"""Which tenants a fleet still has to give to a shard, and when it gives a shard up. Pure; the caller gives the time.

What became of each tenant is told by the warehouse. A worker that dies takes the tenants it worked on with it. They
come again apart from the others, and should that worker die too, each alone: one that brings its workers down harms no
other.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activation_sync.core.runs.nights import comes_again
from activation_sync.core.runs.outcome import Outcome

SHARD_TENANTS = 25
MOST_LOSSES = 3  # of workers or of turns, by one tenant, in one night


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one tenant of a shard is. A tenant that has not started has no progress; outcome: None until it ends."""

    outcome: Outcome | None = None
    put_off_until: datetime | None = None


@dataclass(slots=True)
class Dispatch:
    """The tenants of one night that are not done, in shards.

    lost: given up, because every worker died with them; never_begun: because no worker could begin them.
    """

    tenants: Sequence[str]
    size: int = SHARD_TENANTS
    lost: list[str] = field(default_factory=list)
    never_begun: list[str] = field(default_factory=list)
    _queue: deque[tuple[str, ...]] = field(default_factory=deque)
    _put_off: dict[str, datetime] = field(default_factory=dict)
    _losses: Counter[str] = field(default_factory=Counter)
    _put_offs: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._queue.extend(self._split(self.tenants))

    @property
    def is_over(self) -> bool:
        """True when there is no shard left to start; some may still be at work."""
        return not (self._queue or self._put_off)

    def due(self, now: datetime) -> list[tuple[str, ...]]:
        """The shards to start now; tenants that were put off come after all others."""
        back = [tenant for tenant, until in self._put_off.items() if until <= now]
        for tenant in back:
            del self._put_off[tenant]
        shards = [*self._queue, *self._split(back)]
        self._queue.clear()
        return shards

    def ended(
        self, tenants: Sequence[str], progress: Mapping[str, Progress], now: datetime, *, is_lost: bool = True
    ) -> None:
        """A shard has ended, well or not: its unfinished tenants are queued again. is_lost: its worker died."""
        self._take_put_off(progress, now)
        begun = [tenant for tenant in tenants if tenant in progress and progress[tenant].outcome is None]
        unbegun = [tenant for tenant in tenants if tenant not in progress]
        self._come_again(begun, self.lost if is_lost else self.never_begun)
        if progress and is_lost:
            self._queue.extend(self._split(unbegun))
        else:  # nobody began, or a live worker could not begin these: they count that, or it might go on for ever
            self._come_again(unbegun, self.lost if is_lost else self.never_begun)

    def _take_put_off(self, progress: Mapping[str, Progress], now: datetime) -> None:
        for tenant, one in progress.items():
            self._put_offs[tenant] += one.put_off_until is not None
            if one.put_off_until and comes_again(one.put_off_until, self._put_offs[tenant], now):
                self._put_off[tenant] = one.put_off_until

    def _come_again(self, tenants: Sequence[str], given_up: list[str]) -> None:
        self._losses.update(tenants)
        first = [tenant for tenant in tenants if self._losses[tenant] == 1]
        again = [tenant for tenant in tenants if 1 < self._losses[tenant] < MOST_LOSSES]
        self._queue.extend([*self._split(first), *((tenant,) for tenant in again)])
        given_up += [tenant for tenant in tenants if self._losses[tenant] >= MOST_LOSSES]

    def _split(self, tenants: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(tenants[start : start + self.size]) for start in range(0, len(tenants), self.size)]


@dataclass(frozen=True, slots=True)
class Watch:
    """One shard, watched for signs of life: anything that changes between two looks.

    Counts looks, not seconds: if the fleet itself cannot look for a while, no shard counts as quiet.
    """

    signs: object = None
    quiet_looks: int = 0

    def look(self, signs: object) -> "Watch":
        return Watch(signs, self.quiet_looks + 1 if signs == self.signs else 0)

    def is_dead(self, most_quiet_looks: int) -> bool:
        return self.quiet_looks >= most_quiet_looks
