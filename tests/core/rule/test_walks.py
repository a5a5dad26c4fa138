"""Random walks through many nights: crashes, lost answers, reports that lag or never follow, corrections, deletions.

One key, three measures, the real rule; Graph and its reports are acted out here. Whatever the nights held, once they
are quiet the warehouse and Graph must agree, and stay agreed without another push.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

import pytest

from activation_sync.core.model import NOT_REPORTED, ConflictPolicy, Counts, Key, KeyState
from activation_sync.core.rule.decide import change_of
from tests.support.effects import acknowledged, applied

BUSY_NIGHTS, QUIET_NIGHTS, LAG_NIGHTS = 40, 12, 3
WALKS = 1_500
STOPS = ("planned", "applied", "marked", "sent")  # where a night may be killed; after `sent` the answer is lost
USUAL = Counts(2, 2, 2)
UNSEEN = KeyState(Key(date(2026, 11, 19), "VISIO"), "Visio", is_published=True)


@dataclass
class World:
    """A tenant's usage, what Graph truly holds, and what its report shows of that."""

    random: Random
    lag: str
    usage: Counts = USUAL
    graph: Counts = NOT_REPORTED
    shown: list[Counts] = field(default_factory=list)
    state: KeyState = UNSEEN
    corrected: Counts = NOT_REPORTED

    def any_counts(self) -> Counts:
        return Counts(*(self.random.randint(0, 3) for _ in range(3)))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def live_a_day(self) -> None:
        """Usage moves; somebody corrects the warehouse, or deletes the row."""
        if self.chance(0.2):
            self.usage = self.any_counts()
        if self.chance(0.2) and not self.state.warehouse.is_absent:
            self.corrected = self.random.choice([self.any_counts(), NOT_REPORTED])
            self.state = replace(self.state, warehouse=self.corrected)

    def report(self, is_quiet: bool) -> None:
        """Tonight's reports: of usage, nearly always; of Graph's rows, at once, late, or never."""
        self.shown.append(self.graph)
        late = self.shown[-LAG_NIGHTS] if len(self.shown) >= LAG_NIGHTS else self.state.published
        published = {"follows": self.graph, "late": late, "never": self.state.published}[self.lag]
        observed = self.usage if is_quiet or self.chance(0.9) else NOT_REPORTED
        self.state = replace(self.state, observed=observed, published=published)

    def sync(self, policy: ConflictPolicy, stop: str | None) -> bool:
        """One night of the job, perhaps killed on the way; true when a PATCH left."""
        change = change_of(self.state, policy)
        if change is None or stop == "planned":
            return False
        self.state = applied(change)
        if not change.is_pushed or stop == "applied":
            return False
        self.state = replace(self.state, in_doubt=True)
        if stop == "marked":
            return False
        self.graph = change.settled
        if stop != "sent":
            self.state = acknowledged(self.state, change.settled)
        return True


def world_of(lag: str, usage: Counts = USUAL, seed: int = 0) -> World:
    return World(Random(seed), lag, usage)  # noqa: S311  a walk must be repeatable, not secret


def nights(seed: int, lag: str) -> Iterator[tuple[World, bool]]:
    """The quiet nights at the end of one walk: the world after each, and whether a PATCH left."""
    world = world_of(lag, seed=seed)
    world.graph = world.random.choice([NOT_REPORTED, Counts(5, 5, 5)])
    world.state = replace(world.state, published=world.graph)
    for _ in range(BUSY_NIGHTS):
        world.live_a_day()
        world.report(is_quiet=False)
        stop = world.random.choice(STOPS) if world.chance(0.4) else None
        world.sync(world.random.choice([*ConflictPolicy]), stop)
    for _ in range(QUIET_NIGHTS):
        world.report(is_quiet=True)
        yield world, world.sync(ConflictPolicy.WAREHOUSE, stop=None)


@pytest.mark.parametrize("lag", ["follows", "late", "never"])
def test_graph_and_warehouse_agree_in_the_end_and_nothing_flips_back_and_forth(lag):
    for seed in range(WALKS):
        quiet = list(nights(seed, lag))
        world = quiet[-1][0]
        pushes = [night for night, (_, has_pushed) in enumerate(quiet) if has_pushed]

        assert world.graph == world.state.warehouse == world.state.agreed, f"walk {seed}"
        assert max(pushes, default=0) <= LAG_NIGHTS, f"walk {seed} still pushes in the quiet: nights {pushes}"
        assert len(pushes) <= 1 + LAG_NIGHTS, f"walk {seed} pushes again and again: nights {pushes}"


def overwritten(world: World, before: KeyState) -> list[tuple[int, int]]:
    """Each corrected count that a night replaced: the correction and the value that took its place.

    A count corrected to what the usage data shows is none: from then on it follows the usage data.
    """
    sides = (world.corrected, before.warehouse, before.observed_seen, world.state.warehouse)
    return [
        (corrected, now)
        for corrected, then, seen, now in zip(*sides, strict=True)
        if corrected is not None and corrected == then != seen and now != corrected
    ]


@pytest.mark.parametrize("policy", [ConflictPolicy.HOLD, ConflictPolicy.WAREHOUSE])
def test_no_correction_is_overwritten_unasked_however_often_a_report_is_restated(policy):
    for seed in range(WALKS):
        world = world_of("follows", seed=seed)
        for night in range(BUSY_NIGHTS):
            world.live_a_day()
            world.report(is_quiet=False)
            before = world.state
            world.sync(policy, world.random.choice(STOPS) if world.chance(0.4) else None)
            assert overwritten(world, before) == [], f"walk {seed}, night {night}"


def test_a_patch_whose_answer_was_lost_is_put_right_even_when_the_value_moves_back():
    """Graph took the new value, nobody heard of it, and the value moved back: only the doubt tells."""
    world = world_of("never", Counts(1, 1, 1))
    world.report(is_quiet=True)
    world.sync(ConflictPolicy.HOLD, stop=None)
    world.usage = Counts(2, 2, 2)
    world.report(is_quiet=True)
    world.sync(ConflictPolicy.HOLD, stop="sent")
    world.usage = Counts(1, 1, 1)
    world.report(is_quiet=True)

    assert world.graph == Counts(2, 2, 2)
    assert world.sync(ConflictPolicy.HOLD, stop=None)
    assert world.graph == Counts(1, 1, 1)


def test_a_lagging_report_does_not_bring_the_older_value_back():
    world = world_of("late", Counts(1, 1, 1))
    sent = []
    for night in range(8):
        world.usage = Counts(1, 1, 1) if night == 0 else Counts(3, 3, 3)
        world.report(is_quiet=True)
        if world.sync(ConflictPolicy.HOLD, stop=None):
            sent.append(world.graph)

    assert Counts(1, 1, 1) not in sent[1:]
    assert len(sent) <= 3
