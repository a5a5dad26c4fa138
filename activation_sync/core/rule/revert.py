"""Undoing a run: the plan that brings back the values before it, and the rows that it must leave alone.

the row now                                  | becomes
---------------------------------------------+--------------------------------
as the run left it                           | as it was before the run
otherwise: a later run or a person moved it  | stays, and is named
created by the run: there was nothing before | stays, and is named; never deleted, never pushed as absence
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from activation_sync.core.model import Change, Counts, Decision, Key, KeyState, Limits, Measure, Plan, PlanInputs
from activation_sync.core.rule.decide import change_to, moves_memory
from activation_sync.core.rule.guards import judge
from activation_sync.core.rule.plan import seal


@dataclass(frozen=True, slots=True)
class Effect:
    """What a run did to one row of the warehouse: each measure it settled, before and after."""

    before: dict[Measure, int | None]
    after: dict[Measure, int | None]


class LeaveReason(StrEnum):
    """Why a row is left as it is."""

    CREATED = "the run created it: there is no value before it"
    MOVED = "moved again since, by a later run or a person"


@dataclass(frozen=True, slots=True)
class Revert:
    """A plan that undoes a run, and the rows it leaves alone."""

    plan: Plan
    left: Mapping[Key, LeaveReason]


def plan_revert(inputs: PlanInputs, effects: Mapping[Key, Effect], limits: Limits) -> Revert:
    """The plan that undoes these effects, judged by the guards as any other."""
    written = {key: effect for key, effect in effects.items() if effect.before != effect.after}
    states = {state.key: state for state in inputs.states}
    left = {key: reason for key, effect in written.items() if (reason := _reason(states.get(key), effect))}
    changes = [_undo(states[key], effect) for key, effect in written.items() if key not in left]
    return Revert(seal(inputs, changes, judge(inputs, changes, limits)), dict(sorted(left.items())))


def left_words(left: Mapping[Key, LeaveReason]) -> Iterable[str]:
    """A line for each row that stays as it is."""
    return [f"{key.product}, {key.refreshed_on}: left as it is; {reason}" for key, reason in left.items()]


def _reason(state: KeyState | None, effect: Effect) -> LeaveReason | None:
    if all(count is None for count in effect.before.values()):
        return LeaveReason.CREATED
    return None if state and _is_as_left(state, effect) else LeaveReason.MOVED


def _is_as_left(state: KeyState, effect: Effect) -> bool:
    """True when nothing on either side of the row has moved since the run settled it."""
    now = _by_measure(state.warehouse)
    return not moves_memory(state, state.warehouse) and all(now[name] == effect.after[name] for name in effect.after)


def _undo(state: KeyState, effect: Effect) -> Change:
    now = _by_measure(state.warehouse)
    before = {name: count for name, count in effect.before.items() if count is not None}  # absence is not brought back
    target = now | before
    decisions = tuple(Decision.KEEP if now[name] == target[name] else Decision.REVERT for name in Measure)
    return change_to(state, decisions, Counts(*(target[name] for name in Measure)))


def _by_measure(counts: Counts) -> dict[Measure, int | None]:
    return dict(zip(Measure, counts, strict=True))
