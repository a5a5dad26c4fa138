"""Open conflicts: what is shown of them, and what follows when a person decides one."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from activation_sync.core.decide import change_to, settle_key, under
from activation_sync.core.model import Change, ConflictPolicy, Counts, Decision, Key, Measure, Plan

Since = Mapping[tuple[Key, Measure], datetime]


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """One measure of one key on which usage data and warehouse moved apart, and nobody has decided.

    since: when a run found it first; None when no run has yet. digest: of all sides of its key as they are now; who
    resolves by it decides what was shown, or nothing.
    """

    tenant: str
    refreshed_on: date
    product: str
    measure: Measure
    agreed: int | None
    observed: int | None
    warehouse: int | None
    published: int | None
    since: datetime | None
    digest: str


def open_conflicts(plan: Plan, since: Since) -> list[OpenConflict]:
    """The conflicts a plan would leave open, a row a measure."""
    return [conflict for change in plan.changes for conflict in _of_key(plan.tenant, change, since)]


def conflict_digest(change: Change) -> str:
    """The same for as long as no side of the key moves."""
    sides = (change.state.agreed, change.state.observed_seen, change.state.observed, change.state.warehouse)
    content = [change.key.refreshed_on.isoformat(), change.key.product, *map(Counts.as_tuple, sides)]
    return sha256(json.dumps(content).encode()).hexdigest()


def resolve_conflict(change: Change, policy: ConflictPolicy, measures: Collection[Measure]) -> Change:
    """The change once a person has taken a side for these measures of it."""
    decided = (
        under(policy, decision) if measure in measures else decision
        for measure, decision in zip(Measure, change.decisions, strict=True)
    )
    first, second, third = decided
    decisions = (first, second, third)
    return replace(change_to(change.state, decisions, settle_key(change.state, decisions)), is_resolved=True)


def conflicting_measures(change: Change) -> tuple[Measure, ...]:
    """The measures of a key that wait for a person."""
    pairs = zip(Measure, change.decisions, strict=True)
    return tuple(measure for measure, decision in pairs if decision is Decision.CONFLICT)


def _of_key(tenant: str, change: Change, since: Since) -> Iterable[OpenConflict]:
    state, digest = change.state, conflict_digest(change)
    sides = (state.agreed, state.observed, state.warehouse, change.published)
    values = dict(zip(Measure, zip(*map(Counts.as_tuple, sides), strict=True), strict=True))
    for measure in conflicting_measures(change):
        yield OpenConflict(tenant, *change.key, measure, *values[measure], since.get((change.key, measure)), digest)
