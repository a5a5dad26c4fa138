"""A million keys reconciled three ways, beside the least a comparison of two sides could cost in plain Python."""

from collections.abc import Callable

from activation_sync.core.model import ConflictPolicy
from activation_sync.core.rule.reconcile import COLUMNS, SIDES, frame_of, reconcile_frame

CHANGED = 100


def ours(keys: int) -> Callable[[], object]:
    """From rows as a database gives them to what needs a change."""
    rows = _rows(keys)
    return lambda: reconcile_frame(frame_of(rows), ConflictPolicy.HOLD)


def floor(keys: int) -> Callable[[], object]:
    """One pass over the same rows that only asks whether either side has moved."""
    rows = _rows(keys)
    observed, warehouse, agreed, seen = (
        slice(3 * SIDES.index(side), 3 * SIDES.index(side) + 3)
        for side in ("observed", "warehouse", "agreed", "observed_seen")
    )
    return lambda: [row for row in rows if row[observed] != row[seen] or row[warehouse] != row[agreed]]


def _rows(keys: int) -> list[tuple[object, ...]]:
    return [_row((count, 3, 1), moved=count < CHANGED) for count in range(keys)]


def _row(counts: tuple[int, int, int], moved: bool) -> tuple[object, ...]:
    observed = (counts[0] + moved, *counts[1:])
    known = {"observed": observed, "warehouse": counts, "published": counts, "agreed": counts, "observed_seen": counts}
    sides = [value for side in SIDES for value in known.get(side, (None, None, None))]
    return (*sides, *[True, False][: len(COLUMNS) - len(sides)])
