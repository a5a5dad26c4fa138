"""Offering dead letters to Graph again: never the value that was refused then, always the one that is current now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from activation_sync.core.model import Change, ConflictPolicy, Key, KeyState, Plan, PlanInputs
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.plan import seal


class SkipReason(StrEnum):
    """Why a dead letter is not sent again."""

    IN_CONFLICT = "in conflict: resolve it first"
    WAITING = "waits until a user counts report of its date has landed; import that of a past date"
    PUBLISHED = "Graph shows the current value already: the dead letter is closed"


@dataclass(frozen=True, slots=True)
class Retry:
    """A plan that sends dead letters again, and those that it does not send."""

    plan: Plan
    unsent: Mapping[Key, SkipReason]

    @property
    def closed(self) -> frozenset[Key]:
        """Dead letters that nobody needs any more."""
        return frozenset(key for key, why in self.unsent.items() if why is SkipReason.PUBLISHED)


def plan_retry(inputs: PlanInputs, keys: Collection[Key], policy: ConflictPolicy) -> Retry:
    """What the current values of these keys ask for, as if Graph had refused nothing."""
    found = {state.key: _offered(state, policy) for state in inputs.states if state.key in keys}
    changes = {key: change for key, change in found.items() if change and change.is_pushed}
    unsent = {key: _why(change) for key, change in found.items() if key not in changes}
    return Retry(seal(inputs, changes.values()), dict(sorted(unsent.items())))


def unsent_words(unsent: Mapping[Key, SkipReason]) -> list[str]:
    """A line for each dead letter that is not sent again."""
    return [f"{key.product}, {key.refreshed_on}: {why}" for key, why in unsent.items()]


def _offered(state: KeyState, policy: ConflictPolicy) -> Change | None:
    return change_of(replace(state, refused=None), policy)


def _why(change: Change | None) -> SkipReason:
    if change is None or not (change.is_conflict or change.waits_for_report):
        return SkipReason.PUBLISHED
    return SkipReason.IN_CONFLICT if change.is_conflict else SkipReason.WAITING
