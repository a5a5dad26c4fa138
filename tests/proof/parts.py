"""The parts of the proof on one database, and what each came to."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.proof.crashes import open_scene
from tests.proof.deliveries import deliver_twice
from tests.proof.evidence import Breach
from tests.proof.ground import Ground, open_ground
from tests.proof.walks import walk

DATABASES = ("sqlite", "postgresql")
BATCH = 20
DELIVERS = "before deliver_updates"
Choose = Callable[[Sequence[int]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the proof. figures: what was tried, in words. breaches: each with what replays it."""

    database: str
    title: str
    figures: str
    seconds: float
    breaches: tuple[tuple[str, Breach], ...]

    def count(self, *kinds: str) -> int:
        return sum(breach.kind in kinds for _, breach in self.breaches)


def every(moments: Sequence[int]) -> Sequence[int]:
    return moments


def some(count: int, seed: int) -> Choose:
    """Half of them evenly spaced, half by the seed."""

    def chosen(moments: Sequence[int]) -> Sequence[int]:
        spaced = moments[:: max(1, len(moments) * 2 // count)]
        drawn = Random(seed).sample(moments, min(count // 2, len(moments)))  # noqa: S311  repeatable, not secret
        return sorted({*spaced, *drawn})

    return chosen


def crash_points(ground: Ground, batch_size: int, choose: Choose, since: str = "") -> Part:
    """Kill a night at these moments; since: only from the first moment of that name on."""
    started_s = time.monotonic()
    with open_scene(ground, batch_size) as scene:
        moments, expected = scene.undisturbed()
        first = moments.index(since) if since else 0
        tried = choose(range(first, len(moments)))
        trials = [scene.trial(moment, expected) for moment in tried]
    breaches = [(f"moment {trial.moment}, {trial.label}", breach) for trial in trials for breach in trial.breaches]
    figures = f"{len(trials)} of {len(moments)} moments"
    title = "killed anywhere" if not since else "killed while delivering in batches"
    return _part(ground, title, figures, started_s, breaches)


def long_delivery(ground: Ground, batch_size: int, seed: int, rows: int = 1_000) -> Part:
    """Many rows are pending, and the worker is killed in the middle."""
    started_s = time.monotonic()
    killed_after = Random(seed).randint(rows // 4, rows * 3 // 4)  # noqa: S311  repeatable, not secret
    delivery = deliver_twice(ground, batch_size, killed_after, rows)
    figures = f"killed after {delivery.killed_after}: {delivery.repeated} repeated, {delivery.allowed} in flight"
    title = f"{rows:,} rows, {'one by one' if batch_size == 1 else f'{batch_size} a batch'}"
    return _part(ground, title, figures, started_s, [(f"seed {seed}", breach) for breach in delivery.breaches])


def walks(ground: Ground, seeds: Sequence[int]) -> Part:
    """Random walks of interleaved runs."""
    started_s = time.monotonic()
    totals, breaches = Counter[str](), list[tuple[str, Breach]]()
    for seed in seeds:
        taken = walk(ground, seed)
        totals.update(taken.totals)
        breaches += [(f"--seed {seed}", breach) for breach in taken.breaches]
    figures = ", ".join(f"{count} {what}" for what, count in totals.items())
    return _part(ground, f"{len(seeds)} walks", figures, started_s, breaches)


def prove(database: str, first_seed: int, walked: int) -> list[Part]:
    """Everything, on one database; says what each part came to as it ends."""
    with open_ground(database) as ground:
        return [_told(part) for part in _parts(ground, first_seed, walked)]


def walk_again(database: str, seed: int) -> list[Part]:
    """One walk and nothing else; says what happened in it."""
    with open_ground(database) as ground:
        print("\n".join([f"{database}, seed {seed}:", *walk(ground, seed).story]), flush=True)  # noqa: T201
        return [walks(ground, [seed])]


def _parts(ground: Ground, seed: int, walked: int) -> Iterator[Part]:
    yield long_delivery(ground, 1, seed)
    yield long_delivery(ground, BATCH, seed)
    yield walks(ground, range(seed, seed + walked))
    yield crash_points(ground, BATCH, every, since=DELIVERS)
    yield crash_points(ground, 1, every)


def _told(part: Part) -> Part:
    print(f"{part.database}: {part.title}: {part.figures} ({part.seconds:.0f} s)", flush=True)  # noqa: T201
    return part


def _part(ground: Ground, title: str, figures: str, started_s: float, breaches: Sequence[tuple[str, Breach]]) -> Part:
    return Part(ground.name, title, figures, time.monotonic() - started_s, tuple(breaches))
