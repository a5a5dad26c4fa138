"""How large a change is, in users: on each side, for each refresh date that a plan touches.

The size is the sum of |after - before| over all products and measures. What stood before is

side      | a date settled before        | a new date
----------+------------------------------+---------------------------------------------------------------
warehouse | what stands there            | the settled counts of the refresh date before it
Graph     | what Graph is taken to hold  | the same; until its counts report is there, the nearest report

A product that a new date lacks counts with all its users; a measure that is not reported counts with none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from activation_sync.core.model import NOT_REPORTED, Change, Counts, DayCounts, Key, KeyState, Measure, PlanInputs
from activation_sync.core.rule.decide import published_counts

WAREHOUSE, GRAPH = "the warehouse", "Graph"
GONE = Counts(*(0 for _ in Measure))


@dataclass(frozen=True, slots=True)
class Size:
    """How many users one refresh date moves by on one side, of how many before.

    compared_on: the refresh date of what stood before; another one than its own for a new date.
    """

    side: str
    refreshed_on: date
    compared_on: date
    moved: int
    total: int


@dataclass(frozen=True, slots=True)
class _Day:
    """The keys of one refresh date, and those of them that change."""

    refreshed_on: date
    states: Sequence[KeyState]
    changes: Mapping[Key, Change]

    @property
    def is_new(self) -> bool:
        return all(state.agreed.is_absent for state in self.states)

    def settled(self) -> dict[str, Counts]:
        """What stands in the warehouse once the plan is applied."""
        settled = {state.key.product: self._settled(state) for state in self.states}
        return {product: counts for product, counts in settled.items() if not counts.is_absent}

    def standing(self) -> dict[str, Counts]:
        """What stands there now; a row that was deleted counts as it was agreed, because the plan restores it."""
        return {state.key.product: _standing(state) for state in self.states}

    def published(self) -> dict[str, Counts]:
        return {state.key.product: published_counts(state) for state in self.states}

    def sent(self) -> dict[str, Counts]:
        """What Graph holds once it has taken the plan's updates.

        An update that waits in the outbox already was judged, or decided by a person, when it got there.
        """
        return {
            key.product: change.settled
            for key, change in self.changes.items()
            if change.is_pushed and not is_queued(change)
        }

    def _settled(self, state: KeyState) -> Counts:
        change = self.changes.get(state.key)
        return change.settled if change and change.is_written else _standing(state)


def sizes_of(inputs: PlanInputs, changes: Sequence[Change]) -> Iterator[Size]:
    """The sizes that can be told, oldest date first."""
    for day in _days(inputs.states, changes):
        before = inputs.settled_before.get(day.refreshed_on)
        near = inputs.reported_near.get(day.refreshed_on)
        if not day.is_new:
            yield from _size(WAREHOUSE, day, DayCounts(day.refreshed_on, day.standing()), day.settled())
        elif before:
            yield from _size(WAREHOUSE, day, before, day.settled())
        published = day.published()
        if sent := day.sent():
            yield from _size(GRAPH, day, DayCounts(day.refreshed_on, published), published | sent)
        elif near and day.is_new and any(change.waits_for_report for change in day.changes.values()):
            yield from _size(GRAPH, day, near, day.settled())


def is_queued(change: Change) -> bool:
    """True when the outbox holds this very update, planned from the same report, already."""
    state = change.state
    return state.queued == change.settled and state.queued_published == state.published


def _days(states: Sequence[KeyState], changes: Sequence[Change]) -> Iterator[_Day]:
    touched: dict[date, dict[Key, Change]] = {}
    for change in changes:
        touched.setdefault(change.key.refreshed_on, {})[change.key] = change
    of_day: dict[date, list[KeyState]] = {refreshed_on: [] for refreshed_on in touched}
    for state in states:
        if state.key.refreshed_on in touched:
            of_day[state.key.refreshed_on].append(state)
    return (_Day(refreshed_on, of_day[refreshed_on], touched[refreshed_on]) for refreshed_on in sorted(touched))


def _size(side: str, day: _Day, before: DayCounts, after: Mapping[str, Counts]) -> Iterator[Size]:
    """Nothing when nothing stood before: there is nothing to compare with."""
    known = {product: counts for product, counts in before.counts.items() if not counts.is_absent}
    if known:
        products = known.keys() | after.keys()
        moved = sum(_moved(known.get(product, NOT_REPORTED), after.get(product, GONE)) for product in products)
        yield Size(side, day.refreshed_on, before.refreshed_on, moved, sum(map(users, known.values())))


def users(counts: Counts) -> int:
    """All measures together."""
    return sum(count or 0 for count in _measures(counts))


def _moved(before: Counts, after: Counts) -> int:
    pairs = zip(_measures(before), _measures(after), strict=True)
    return sum(abs(new - (old or 0)) for old, new in pairs if new is not None)


def _measures(counts: Counts) -> list[int | None]:
    return [getattr(counts, measure) for measure in Measure]


def _standing(state: KeyState) -> Counts:
    return state.agreed if state.warehouse.is_absent else state.warehouse
