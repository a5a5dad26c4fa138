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

from activation_sync.core.decide import change_to
from activation_sync.core.model import Change, Counts, Decision, Key, KeyState, Limits, Plan, PlanInputs
from activation_sync.core.plan import seal


@dataclass(frozen=True, slots=True)
class Effect:
    """What a run did to one row of the warehouse."""

    before: Counts
    after: Counts


class Left(StrEnum):
    """Why a row is left as it is."""

    CREATED = "the run created it: there is no value before it"
    MOVED = "moved again since, by a later run or a person"


@dataclass(frozen=True, slots=True)
class Revert:
    """A plan that undoes a run, and the rows it leaves alone."""

    plan: Plan
    left: Mapping[Key, Left]


def plan_revert(inputs: PlanInputs, effects: Mapping[Key, Effect], limits: Limits) -> Revert:
    """The plan that undoes these effects, judged by the guards as any other."""
    written = {key: effect for key, effect in effects.items() if effect.before != effect.after}
    states = {state.key: state for state in inputs.states}
    left = {key: reason for key, effect in written.items() if (reason := _reason(states.get(key), effect))}
    changes = [_undo(states[key], effect) for key, effect in written.items() if key not in left]
    return Revert(seal(inputs, changes, limits), dict(sorted(left.items())))


def left_words(left: Mapping[Key, Left]) -> Iterable[str]:
    """A line for each row that stays as it is."""
    return [f"{key.product}, {key.refreshed_on}: left as it is; {reason}" for key, reason in left.items()]


def _reason(state: KeyState | None, effect: Effect) -> Left | None:
    if effect.before.is_absent:
        return Left.CREATED
    is_as_left = state is not None and state.warehouse == state.agreed == effect.after
    return None if is_as_left else Left.MOVED


def _undo(state: KeyState, effect: Effect) -> Change:
    pairs = zip(effect.before.as_tuple(), effect.after.as_tuple(), strict=True)
    before = Counts(*(after if count is None else count for count, after in pairs))  # absence is never brought back
    return change_to(state, (Decision.REVERT,) * 3, before)
