"""Open conflicts: what is shown of them, and what follows when a person decides one."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from activation_sync.core.model import Change, ConflictPolicy, Decision, Key, Measure, Plan
from activation_sync.core.phrases import listed_words, our_command
from activation_sync.core.rule.approvals import DIGEST_CHARS, is_whole, normal_digest
from activation_sync.core.rule.decide import change_to, settle_key, under
from activation_sync.core.rule.reasons import MEASURE_WORDS, decision_words, moved_words
from activation_sync.errors import ChoiceError, PlanMovedError

NAMED_CHOICES = 10
Since = Mapping[tuple[Key, Measure], datetime]


@dataclass(frozen=True, slots=True)
class ConflictingMeasure:
    """One measure on which usage data and warehouse moved apart.

    since: when a run found it; None: none has yet. reason: what moved, in words.
    """

    measure: Measure
    agreed: int | None
    observed: int | None
    warehouse: int | None
    published: int | None
    since: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """One row that waits for a person.

    digest: of its sides as they are now; who resolves by it decides what was shown, or nothing.
    """

    tenant: str
    refreshed_on: date
    product: str
    digest: str
    measures: tuple[ConflictingMeasure, ...]


def open_conflicts(plan: Plan, since: Since) -> list[OpenConflict]:
    """The conflicts that a plan would leave open."""
    return [
        OpenConflict(plan.tenant, *change.key, conflict_digest(change), tuple(_sides(change, since)))
        for change in plan.changes
        if change.is_conflict
    ]


def conflict_digest(change: Change) -> str:
    """The same for as long as no side of the key moves."""
    sides = (change.state.agreed, change.state.observed_seen, change.state.observed, change.state.warehouse)
    content = [change.key.refreshed_on.isoformat(), change.key.product, *sides]
    return sha256(json.dumps(content).encode()).hexdigest()


def resolve_conflict(change: Change, policy: ConflictPolicy, measures: Collection[Measure]) -> Change:
    """The change once a person has taken a side for these measures of it."""
    decisions = tuple(
        under(policy, decision) if measure in measures else decision
        for measure, decision in zip(Measure, change.decisions, strict=True)
    )
    return replace(change_to(change.state, decisions, settle_key(change.state, decisions)), is_resolved=True)


def conflicting_measures(change: Change) -> tuple[Measure, ...]:
    """The measures of a key that wait for a person."""
    pairs = zip(Measure, change.decisions, strict=True)
    return tuple(measure for measure, decision in pairs if decision is Decision.CONFLICT)


def choose_conflict(plan: Plan, product: str, on: date | None = None) -> Change:
    """The conflict a person means; ChoiceError names the choices when there is none, or more than one."""
    found = [change for change in plan.changes if change.is_conflict]
    meant = [change for change in found if change.key.product == product and on in (None, change.key.refreshed_on)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        dates = "|".join(change.key.refreshed_on.isoformat() for change in meant)
        raise ChoiceError(
            f"{product} of {plan.tenant} is in conflict on {len(meant)} dates: choose with --date {dates}"
        )
    day = f" of {on}" if on else ""
    raise ChoiceError(f"{product}{day} of {plan.tenant} is not in conflict; {_choices(found)}")


def choose_measures(change: Change, measure: Measure | None) -> tuple[Measure, ...]:
    """The measures a person means: all in conflict, or the named one; ChoiceError when that one is not."""
    found = conflicting_measures(change)
    if measure is None:
        return found
    if measure not in found:
        words = ", ".join(found)
        raise ChoiceError(
            f"{measure} of {change.key.product} is not in conflict on {change.key.refreshed_on}; {words} is"
        )
    return (measure,)


def refuse_moved_conflict(change: Change, shown: str) -> None:
    """Raise PlanMovedError unless the conflict is still the one whose digest was shown; ChoiceError for half of one."""
    if not is_whole(normal_digest(shown)):
        raise ChoiceError(f"{shown!r} is not the whole digest ({DIGEST_CHARS} characters) that `conflicts` shows")
    if normal_digest(shown) != conflict_digest(change):
        raise PlanMovedError(
            f"{change.key.product} of {change.key.refreshed_on} has moved since its conflict was shown ({shown[:12]}); "
            f"nothing was written: look again with `{our_command('conflicts')}`, then decide"
        )


def resolved_words(change: Change) -> str:
    """What a person decided, and what they left open."""
    pairs = zip(Measure, change.decisions, change.state.warehouse, change.settled, strict=True)
    settled = ", ".join(
        f"{MEASURE_WORDS[measure]} {moved_words(before, after)}"
        for measure, decision, before, after in pairs
        if decision in (Decision.PULL, Decision.ADOPT)
    )
    left = ", ".join(MEASURE_WORDS[measure] for measure in conflicting_measures(change))
    still = f" Still in conflict, so nothing of the row is sent: {left}." if left else ""
    return f"{change.key.product} of {change.key.refreshed_on} is settled: {settled}.{still}"


def _choices(found: Sequence[Change]) -> str:
    if not found:
        return "nothing is"
    return (
        f"in conflict: {listed_words((f'{one.key.product} ({one.key.refreshed_on})' for one in found), NAMED_CHOICES)}"
    )


def _sides(change: Change, since: Since) -> Iterator[ConflictingMeasure]:
    state = change.state
    sides = (state.agreed, state.observed_seen, state.observed, state.warehouse, change.published)
    for measure, decision, *values in zip(Measure, change.decisions, *sides, strict=True):
        agreed, seen, observed, warehouse, published = values
        if decision is Decision.CONFLICT:
            reason = decision_words(decision, agreed, seen, observed, warehouse)
            found_at = since.get((change.key, measure))
            yield ConflictingMeasure(measure, agreed, observed, warehouse, published, found_at, reason)
