"""A tenant of six products as it really lives, night for night: people come and go, and the counts report lags behind.

`python -m tests.support.simulated_nights 2000` simulates that many tenants, and says what was held.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from activation_sync.core.model import (
    ConflictPolicy,
    Counts,
    DayCounts,
    Key,
    KeyState,
    Limits,
    Plan,
    PlanInputs,
    Report,
    ReportSize,
)
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.guards import judge
from activation_sync.core.rule.plan import seal
from tests.support.effects import applied, delivered

LICENCES = {  # of each product, the share of users who hold it, and of those the share who activated it
    "APPS": (0.85, 0.57),
    "COPILOT": (0.45, 0.66),
    "EXCEL": (0.22, 0.51),
    "PROJECT": (0.18, 0.68),
    "VISIO": (0.17, 0.66),
    "VISIO PRO": (0.16, 0.69),
}
SIZES = (5, 12, 20, 30, 60, 100, 300, 1_000, 10_000, 200_000)
START, NIGHTS, SPOILT_NIGHT = date(2026, 1, 1), 60, 40
IN_PLAY = 5  # refresh dates that a night may still touch
Detail = Mapping[str, Counts]


def first_day(users: int) -> Detail:
    held = {
        product: (round(users * share), round(users * share * active)) for product, (share, active) in LICENCES.items()
    }
    return {product: Counts(held_by, active, round(active * 0.18)) for product, (held_by, active) in held.items()}


def next_day(before: Detail, churn: float, random: Random) -> Detail:
    """churn: standard deviation of twice a count's change in a day, as a share of it; a person more or less besides."""

    def step(count: int | None) -> int:
        assert count is not None
        return max(0, count + round(random.gauss(0, 1) * count * churn / 2 + random.choice((-1, 0, 0, 1))))

    def of(counts: Counts) -> Counts:
        assigned = step(counts.assigned)
        activated = min(assigned, step(counts.activated))
        return Counts(assigned, activated, min(activated, step(counts.shared_computer_activation)))

    return {product: of(counts) for product, counts in before.items()}


@dataclass
class Life:
    """One tenant. lag: days that the counts report trails. is_dated_back: the report is of that earlier date; otherwise
    it is of tonight's, with the figures of the earlier one. is_sending: Graph takes every PATCH; else they stay queued.
    """

    history: list[Detail]
    lag: int
    is_dated_back: bool
    is_sending: bool
    known: dict[Key, KeyState] = field(default_factory=dict)
    newest_on: date | None = None

    @classmethod
    def of(cls, users: int, random: Random) -> "Life":
        history, churn = [first_day(users)], random.uniform(0, 0.05)
        while len(history) <= NIGHTS:
            history.append(next_day(history[-1], churn, random))
        return cls(history, random.choice((1, 2, 3)), random.random() < 0.5, random.random() < 0.5)

    def inputs(self, night: int, detail: Detail | None = None, observed_on: date | None = None) -> PlanInputs:
        """What the plan of a night is made from, its user detail replaced by another where one is given."""
        on, given = observed_on or day_of(night), self.history[night] if detail is None else detail
        report = DayCounts(day_of(night - self.lag * self.is_dated_back), self.history[night - self.lag])
        return PlanInputs(
            "contoso",
            tuple(self._states(on, given, report)),
            sizes=self._sizes(on, given, night),
            observed_on=on,
            newest_reconciled_on=self.newest_on,
            as_of=day_of(night) + timedelta(days=2),
            settled_before=self._settled_before(on),
            reported_near={on: report},
        )

    def live(self, plan: Plan) -> None:
        """Apply a plan, whatever the guards say of it: a person approved."""
        self.newest_on = max(change.key.refreshed_on for change in plan.changes)
        for change in plan.changes:
            queued = replace(applied(change), queued=change.settled, queued_published=change.state.published)
            is_queued = change.is_pushed and not self.is_sending
            self.known[change.key] = queued if is_queued else delivered(change)

    def _states(self, on: date, detail: Detail, report: DayCounts) -> Iterator[KeyState]:
        told = {Key(on, product): counts for product, counts in detail.items()}
        shown = {Key(report.refreshed_on, product): counts for product, counts in report.counts.items()}
        old = {key for key in self.known if key.refreshed_on > on - timedelta(days=IN_PLAY)}
        for key in old | told.keys() | shown.keys():
            state = self.known.get(key) or KeyState(key, key.product)
            if key in told:
                state = replace(state, observed=told[key])
            yield replace(state, published=shown[key], is_published=True) if key in shown else state

    def _sizes(self, on: date, detail: Detail, night: int) -> tuple[ReportSize, ...]:
        before = rows_of(self.history[night - 1]) if self.known else None
        size = ReportSize(Report.USER_DETAIL, on, rows_of(detail), before)
        return size, ReportSize(Report.USER_COUNTS, on, len(LICENCES), len(LICENCES) if self.known else None)

    def _settled_before(self, on: date) -> dict[date, DayCounts]:
        earlier = [key.refreshed_on for key in self.known if key.refreshed_on < on]
        if not earlier:
            return {}
        before = max(earlier)
        counts = {key.product: state.agreed for key, state in self.known.items() if key.refreshed_on == before}
        return {on: DayCounts(before, counts)}


def quick_plan(inputs: PlanInputs) -> Plan:
    """What `make_plan` makes, without pandas, which is slower for so few keys."""
    changes = [change for state in inputs.states if (change := change_of(state, ConflictPolicy.HOLD))]
    return seal(inputs, changes, judge(inputs, changes, Limits()))


def day_of(night: int) -> date:
    return START + timedelta(days=night)


def rows_of(detail: Detail) -> int:
    """Rows of the user detail report: one a user and product."""
    return sum(counts.assigned or 0 for counts in detail.values())


def scaled(detail: Detail, share: float) -> Detail:
    def part(count: int | None) -> int:
        return round((count or 0) * share)

    return {
        product: Counts(part(counts.assigned), part(counts.activated), part(counts.shared_computer_activation))
        for product, counts in detail.items()
    }


DISASTERS: Mapping[str, Callable[[Detail], Detail]] = {
    "cut to 100 rows": lambda detail: scaled(detail, min(1, 100 / rows_of(detail))),
    "half the file": lambda detail: scaled(detail, 0.5),
    "largest product gone": lambda detail: {product: counts for product, counts in detail.items() if product != "APPS"},
    "nothing activated": lambda detail: {product: Counts(counts.assigned, 0, 0) for product, counts in detail.items()},
    "a tenant 4 times as large": lambda detail: scaled(detail, 4),
    "a tenant a quarter as large": lambda detail: scaled(detail, 0.25),
}


@dataclass
class Tally:
    """Of tenants of one size: nights that were held without reason, and how often each disaster was held."""

    tenants: int = 0
    nights: int = 0
    held: int = 0
    first: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DISASTERS, 0))
    later: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*DISASTERS, "an older report"), 0))


def simulate(users: int, tenants: int, seed: int = 0) -> Tally:
    """Live 60 nights of so many tenants; one of the nights is also tried with each disaster."""
    random = Random(f"{users} {seed}")  # noqa: S311  a simulation must be repeatable, not secret
    tally = Tally(tenants)
    for _ in range(tenants):
        life = Life.of(users, random)
        for night in range(life.lag, NIGHTS + 1):
            if night == SPOILT_NIGHT:
                _spoil(life, tally)
            plan = quick_plan(life.inputs(night))
            tally.nights, tally.held = tally.nights + 1, tally.held + plan.is_held
            life.live(plan)
    return tally


def _spoil(life: Life, tally: Tally) -> None:
    newcomer, detail = replace(life, known={}, newest_on=None), life.history[SPOILT_NIGHT]
    for name, spoil in DISASTERS.items():
        tally.first[name] += quick_plan(newcomer.inputs(SPOILT_NIGHT, spoil(detail))).is_held
        tally.later[name] += quick_plan(life.inputs(SPOILT_NIGHT, spoil(detail))).is_held
    older = SPOILT_NIGHT - 2
    stale = life.inputs(SPOILT_NIGHT, life.history[older], day_of(older))
    tally.later["an older report"] += quick_plan(stale).is_held


if __name__ == "__main__":
    for users in SIZES:
        tally = simulate(users, int(sys.argv[1]) // len(SIZES))
        shown = {name: f"{tally.first.get(name, '-')}/{held}" for name, held in tally.later.items()}
        nights = f"{users:7,} users: {tally.held} of {tally.nights:,} nights held"
        print(f"{nights}; of {tally.tenants}, first/later: {shown}", flush=True)  # noqa: T201
