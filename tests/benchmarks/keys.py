"""A million keys reconciled three ways, beside the least a comparison of two sides could cost in plain Python."""

from collections.abc import Callable

from activation_sync.core.model import ConflictPolicy
from activation_sync.core.reconcile import COLUMNS, SIDES, frame_of, reconcile_frame

CHANGED = 100


def ours(keys: int) -> Callable[[], object]:
    """From rows as a database gives them to what needs a change; every ten thousandth observed count has moved."""
    calm = tuple((count, 3, 1) for count in range(keys))
    rows = [_row(counts, moved=index < CHANGED) for index, counts in enumerate(calm)]
    return lambda: reconcile_frame(frame_of(rows), ConflictPolicy.HOLD)


def floor(keys: int) -> Callable[[], object]:
    agreed = {key: (key, 3, 1) for key in range(keys)}
    observed = {key: (key + (key < CHANGED), 3, 1) for key in range(keys)}
    return lambda: [key for key, counts in observed.items() if agreed[key] != counts]


def _row(counts: tuple[int, int, int], moved: bool) -> tuple[object, ...]:
    observed = (counts[0] + moved, *counts[1:])
    known = {"observed": observed, "warehouse": counts, "published": counts, "agreed": counts, "observed_seen": counts}
    sides = [value for side in SIDES for value in known.get(side, (None, None, None))]
    return (*sides, *[True, False][: len(COLUMNS) - len(sides)])
