"""What is shown of the changes of a plan: values, from which the words for people and `--json` are made alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice

from activation_sync.core.model import Change, Decision, Measure, Plan
from activation_sync.core.rule.decide import is_refused


class Sending(StrEnum):
    """When the updates of a plan leave for Graph, if write-back is on."""

    NOW = "now"  # the run that made the plan sends them
    NEXT_SYNC = "next-sync"  # a person queued them
    WOULD = "would"  # nobody: the plan is only looked at, or held


@dataclass(frozen=True, slots=True)
class PlannedMeasure:
    """One measure of a change: what was decided, and on which values. None is absent, not 0.

    published: what Graph is taken to hold. settled: the value agreed on; of a conflict, the warehouse's.
    """

    measure: Measure
    decision: Decision
    agreed: int | None
    observed_seen: int | None
    observed: int | None
    warehouse: int | None
    published: int | None
    settled: int | None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change of a plan.

    is_pushed: it is to be sent. waits_for_report: it is not, as no counts report of its date has landed.
    is_past: Graph serves a newer counts report, and will not serve that of its date again. is_refused: Graph refused
    this value for good.
    """

    refreshed_on: date
    product: str
    measures: tuple[PlannedMeasure, ...]
    is_written: bool = False
    is_pushed: bool = False
    waits_for_report: bool = False
    is_past: bool = False
    is_refused: bool = False

    @property
    def is_conflict(self) -> bool:
        return any(one.decision is Decision.CONFLICT for one in self.measures)


def planned_change(change: Change, served_on: date | None = None) -> PlannedChange:
    """A change as it is shown. served_on: refresh date of the newest counts report that Graph gave."""
    return PlannedChange(
        *change.key,
        measures=tuple(_measures(change)),
        is_written=change.is_written,
        is_pushed=change.is_pushed,
        waits_for_report=change.waits_for_report,
        is_past=_is_past(change, served_on),
        is_refused=is_refused(change.state, change.settled),
    )


def shown_changes(plan: Plan, limit: int) -> tuple[PlannedChange, ...]:
    """The changes that are shown one by one, at most so many."""
    worth_a_row = (change for change in plan.changes if not _only_waits_in_vain(plan, change))
    return tuple(planned_change(change, plan.served_on) for change in islice(worth_a_row, limit))


def waits_in_vain(plan: Plan, change: Change) -> bool:
    """True when a row waits for a counts report that Graph will not serve again."""
    return change.waits_for_report and _is_past(change, plan.served_on)


def _only_waits_in_vain(plan: Plan, change: Change) -> bool:
    """True when that is all there is to say of it; every night says so again, so such rows are shown in one line."""
    is_kept = not change.is_written and all(decision is Decision.KEEP for decision in change.decisions)
    return is_kept and waits_in_vain(plan, change)


def _is_past(change: Change, served_on: date | None) -> bool:
    return served_on is not None and change.key.refreshed_on < served_on


def _measures(change: Change) -> Iterator[PlannedMeasure]:
    state = change.state
    sides = (state.agreed, state.observed_seen, state.observed, state.warehouse, change.published, change.settled)
    for measure, decision, *values in zip(Measure, change.decisions, *sides, strict=True):
        yield PlannedMeasure(measure, decision, *values)
