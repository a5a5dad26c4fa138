"""The rule of `decide` over many keys at once, with pandas; equal to the scalar by property test.

A frame holds one key a row and a nullable integer column for each side and measure. To be compared, a side becomes
an array of one row a key and one column a measure, where ABSENT stands for None: it equals itself and no count.
This is the only module that knows pandas.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from activation_sync.core.model import NOT_REPORTED, Change, ConflictPolicy, Counts, Decision, KeyState, Measure

Mask = NDArray[np.bool_]
Side = NDArray[np.int64]
Codes = NDArray[np.int64]

ABSENT = np.iinfo(np.int64).min

SIDES = (
    "observed",
    "warehouse",
    "published",
    "agreed",
    "observed_seen",
    "acknowledged",
    "published_seen",
    "refused",
    "refused_published",
)
FLAGS = ("is_published", "in_doubt")
COLUMNS = (*(f"{side}.{measure}" for side in SIDES for measure in Measure), *FLAGS)
CHANGE_COLUMNS = (
    *(f"{part}.{measure}" for part in ("decision", "settled", "published") for measure in Measure),
    *("is_written", "is_pushed", "waits_for_report"),
)

DECISIONS = np.array([*Decision], dtype=object)
KEEP, PULL, ADOPT, CONVERGE, CONFLICT, *_ = range(len(DECISIONS))  # no rule reverts or withdraws


def reconcile(states: Sequence[KeyState], policy: ConflictPolicy) -> list[Change]:
    """The changes of those keys that need anything, in the order of the states."""
    needed = reconcile_frame(states_frame(states), policy)
    return [_change(states[position], values) for position, *values in needed.itertuples(name=None)]


def states_frame(states: Iterable[KeyState]) -> pd.DataFrame:
    """The frame of some states, in their order."""
    return frame_of(map(_row, states))


def frame_of(rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """A frame from rows in the order of `COLUMNS`: whole numbers or None, then the flags."""
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="bool" if name in FLAGS else "Int64")
            for name, values in zip(COLUMNS, columns, strict=True)
        }
    )


def reconcile_frame(frame: pd.DataFrame, policy: ConflictPolicy) -> pd.DataFrame:
    """The keys of a frame that need anything: their position, decisions, settled and published counts, and flags."""
    agreed, observed, seen, warehouse = (_side(frame, s) for s in ("agreed", "observed", "observed_seen", "warehouse"))
    codes = _under(policy, _decisions(agreed, seen, observed, warehouse))
    is_held = (codes == CONFLICT).any(axis=1, keepdims=True)
    is_observed = (codes == PULL) | (codes == CONVERGE)
    stands = np.where(_present(warehouse), warehouse, agreed)
    settled = np.select([is_held, codes == KEEP, is_observed], [warehouse, agreed, observed], stands)
    published = _published(frame)
    wants_push = ~is_held & _needs_push(frame, settled, published)
    is_waiting = wants_push & _is_unknown_to_us(frame)
    is_written = _any(settled != warehouse)
    moves_memory = _any((settled != agreed) | (_present(observed) & (observed != seen)))
    needed = np.flatnonzero(is_held | wants_push | is_written | moves_memory)
    flags = np.hstack([is_written, wants_push & ~is_waiting, is_waiting])
    parts = (DECISIONS[codes[needed]], _plain(settled[needed]), _plain(published[needed]), flags[needed].astype(object))
    return pd.DataFrame(np.hstack(parts), index=needed, columns=CHANGE_COLUMNS, dtype=object)


def _decisions(agreed: Side, seen: Side, observed: Side, warehouse: Side) -> Codes:
    observed_moved = _present(observed) & (~_present(agreed) | (observed != seen))
    warehouse_moved = _present(warehouse) & (warehouse != agreed)
    is_standing = _present(agreed) & (agreed != seen)
    both = observed_moved & (warehouse_moved | is_standing)
    apart = both & (observed != np.where(warehouse_moved, warehouse, agreed))
    return np.select([apart, both, observed_moved, warehouse_moved], [CONFLICT, CONVERGE, PULL, ADOPT], KEEP)


def _under(policy: ConflictPolicy, codes: Codes) -> Codes:
    if policy is ConflictPolicy.HOLD:
        return codes
    return np.where(codes == CONFLICT, ADOPT if policy is ConflictPolicy.WAREHOUSE else PULL, codes)


def _published(frame: pd.DataFrame) -> Side:
    reported, acknowledged = _side(frame, "published"), _side(frame, "acknowledged")
    has_moved = _flag(frame, "is_published") & (reported != _side(frame, "published_seen"))
    return np.where(_present(acknowledged) & ~has_moved, acknowledged, reported)


def _needs_push(frame: pd.DataFrame, settled: Side, published: Side) -> Mask:
    has_other_value = _present(settled) & (_flag(frame, "in_doubt") | (settled != published))
    is_new = settled != _side(frame, "refused")
    has_report_moved = _side(frame, "refused_published") != _side(frame, "published")
    return _any(has_other_value) & _any(is_new | has_report_moved)


def _is_unknown_to_us(frame: pd.DataFrame) -> Mask:
    has_acknowledged = _any(_present(_side(frame, "acknowledged")))
    return ~(_flag(frame, "is_published") | _flag(frame, "in_doubt") | has_acknowledged)


def _side(frame: pd.DataFrame, side: str) -> Side:
    columns = (frame[f"{side}.{measure}"] for measure in Measure)
    return np.column_stack([column.to_numpy(dtype=np.int64, na_value=ABSENT) for column in columns])


def _flag(frame: pd.DataFrame, flag: str) -> Mask:
    return frame[[flag]].to_numpy(dtype=np.bool_)


def _present(side: Side) -> Mask:
    present: Mask = side != ABSENT
    return present


def _any(mask: Mask) -> Mask:
    """One column: true where any measure of the key is; it spreads over the measures again."""
    return np.asarray(mask.any(axis=1, keepdims=True))


def _plain(side: Side) -> NDArray[np.object_]:
    """Python's own whole numbers, and None for absent."""
    plain: NDArray[np.object_] = side.astype(object)
    plain[~_present(side)] = None
    return plain


def _row(state: KeyState) -> tuple[Any, ...]:
    counts = (getattr(state, side) or NOT_REPORTED for side in SIDES)
    return (*chain.from_iterable(counts), *(getattr(state, flag) for flag in FLAGS))


def _change(state: KeyState, values: Sequence[Any]) -> Change:
    """The change of one key, from values in the order of `CHANGE_COLUMNS`."""
    rest = iter(values)
    decisions, settled, published = (tuple(islice(rest, len(Measure))) for _ in range(3))
    return Change(state, decisions, Counts(*settled), Counts(*published), *rest)
