"""What a backfill should do, what there is to replay, and what it did with each refresh date."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from activation_sync.core.model import Plan
from activation_sync.core.phrases import reason_problems
from activation_sync.core.rule.delivery import Delivery, Verification
from activation_sync.core.rule.planned import PlannedChange, waits_in_vain
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.errors import ActivationSyncError, ConfigError

MAX_DAYS = 3_660  # ten years; more is a typing mistake
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The refresh dates to replay, both ends included, and why."""

    start: date
    end: date
    reason: str

    def __post_init__(self) -> None:
        problems = []
        if self.start > self.end:
            problems.append(f"the window ends ({self.end}) before it starts ({self.start}); swap the two")
        if (self.end - self.start).days >= MAX_DAYS:
            problems.append(f"the window {self} is longer than {MAX_DAYS:,} days; replay it in parts")
        problems += reason_problems(self.reason, "a backfill")
        if problems:
            raise ConfigError(problems)

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"

    @property
    def days(self) -> Iterator[date]:
        return (self.start + ONE_DAY * count for count in range((self.end - self.start).days + 1))

    @property
    def note(self) -> str:
        """What the ledger and the run record say of it."""
        return f"backfill {self}: {self.reason.strip()}"


class DayVerdict(StrEnum):
    """What became of one refresh date."""

    NOTHING_TO_DO = "nothing to do"
    APPLIED = "applied"
    WOULD_CHANGE = "would change"
    HELD = "held"


CHANGING = (DayVerdict.APPLIED, DayVerdict.WOULD_CHANGE)


@dataclass(frozen=True, slots=True)
class ReplayDay:
    """One refresh date of a window, and what was landed of it.

    landed_ids: of each report the one seen last. landed: of the report that was restated most, how often it landed.
    """

    refreshed_on: date
    landed_ids: tuple[str, ...]
    landed: int = 1

    @property
    def restated(self) -> str:
        """What the ledger adds when Microsoft changed its figures."""
        return f"; the newest of {self.landed} landed reports of this date" if self.landed > 1 else ""


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """One refresh date of a backfill, counted in rows.

    landed: how often the report that was restated most was landed. held_because: the guards' reason and the remedy.
    waiting_past: those of the waiting rows whose counts report Graph will not serve again. changes: what would change,
    of a preview only.
    """

    refreshed_on: date
    verdict: DayVerdict
    digest: str
    written: int = 0
    pushed: int = 0
    waiting: int = 0
    conflicts: int = 0
    landed: int = 1
    held_because: str = ""
    waiting_past: int = 0
    changes: tuple[PlannedChange, ...] = ()


@dataclass(frozen=True, slots=True)
class LandedDays:
    """The refresh dates of a window that can be replayed.

    missing: dates of which nothing was landed. unreadable: landed reports that could not be read, each with its reason.
    """

    days: tuple[ReplayDay, ...] = ()
    missing: tuple[date, ...] = ()
    unreadable: tuple[str, ...] = ()

    def batches(self, size: int) -> Iterator["Batch"]:
        """The dates in portions, oldest first."""
        for start in range(0, len(self.days), size):
            yield Batch(self.days[start : start + size], start, len(self.days))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of the dates of a backfill, of which `before` come first; total: all of them."""

    days: tuple[ReplayDay, ...]
    before: int
    total: int

    def __str__(self) -> str:
        return f"{self.days[0].refreshed_on}..{self.days[-1].refreshed_on}"


@dataclass(frozen=True, slots=True)
class BackfillSummary:
    """What a backfill did for one tenant.

    days: the refresh dates looked at, oldest first. missing: those of which nothing was landed. unreadable: landed
    reports that could not be read, each with its reason. error: why it stopped, when it did.
    """

    tenant: str
    start: date
    end: date
    reason: str
    outcome: Outcome
    run_id: str = ""
    days: tuple[ReplayedDay, ...] = ()
    missing: tuple[date, ...] = ()
    unreadable: tuple[str, ...] = ()
    delivery: Delivery = field(default_factory=Delivery)
    verification: Verification = field(default_factory=Verification)
    dead_letters: int = 0
    error: str = ""

    @property
    def written(self) -> int:
        """Rows written, or that would be; a held date writes none."""
        return sum(day.written for day in self.days if day.verdict in CHANGING)

    @property
    def pushed(self) -> int:
        return sum(day.pushed for day in self.days if day.verdict in CHANGING)


def view_day(plan: Plan, day: ReplayDay, verdict: DayVerdict, held_because: str = "") -> ReplayedDay:
    """A plan of one refresh date in numbers."""
    return ReplayedDay(
        refreshed_on=day.refreshed_on,
        verdict=verdict,
        digest=plan.digest,
        written=sum(change.is_written for change in plan.changes),
        pushed=sum(change.is_pushed for change in plan.changes),
        waiting=sum(change.waits_for_report for change in plan.changes),
        conflicts=sum(change.is_conflict for change in plan.changes),
        landed=day.landed,
        held_because=held_because,
        waiting_past=sum(waits_in_vain(plan, change) for change in plan.changes),
    )


def summarise_backfill(
    looked: BackfillSummary, delivery: Delivery, verification: Verification, dead_letters: int
) -> BackfillSummary:
    """How a tenant's backfill went. looked: its days as they were replayed; a held one is why it stopped there."""
    held = held_day(looked.days)
    return replace(
        looked,
        outcome=_outcome(looked.days, delivery, verification, dead_letters),
        delivery=delivery,
        verification=verification,
        dead_letters=dead_letters,
        error=f"{held.refreshed_on} is {held.held_because}" if held else "",
    )


def summarise_look(
    tenant: str, window: Window, found: LandedDays, days: Sequence[ReplayedDay], *, is_write_back_on: bool = True
) -> BackfillSummary:
    """What a backfill would do, were it started now."""
    looked = BackfillSummary(tenant, window.start, window.end, window.reason, Outcome.PREVIEWED)
    delivery = Delivery(is_enabled=is_write_back_on)
    return replace(looked, days=tuple(days), missing=found.missing, unreadable=found.unreadable, delivery=delivery)


def failed_backfill(tenant: str, window: Window, error: Exception) -> BackfillSummary:
    """A backfill that an error ended; the text of an unexpected one may hold anything, so only its type is kept."""
    reason = str(error) if isinstance(error, ActivationSyncError) else f"unexpected {type(error).__name__}"
    return BackfillSummary(tenant, window.start, window.end, window.reason, Outcome.FAILED, error=reason)


def run_summary(summary: BackfillSummary, run_id: str, as_of: date) -> RunSummary:
    """The same for the record of runs; its digest is that of the date that was held."""
    held = held_day(summary.days)
    return RunSummary(
        plan=PlanView(
            summary.tenant,
            digest=held.digest if held else "",
            written=summary.written,
            pushed=summary.pushed,
            waiting=sum(day.waiting for day in summary.days),
            conflicts=sum(day.conflicts for day in summary.days),
        ),
        run_id=run_id,
        as_of=as_of,
        outcome=summary.outcome,
        dead_letters=summary.dead_letters,
        delivery=summary.delivery,
        verification=summary.verification,
        error=summary.error,
    )


def _outcome(days: Sequence[ReplayedDay], delivery: Delivery, verification: Verification, dead_letters: int) -> Outcome:
    if held_day(days):
        return Outcome.HELD
    if not delivery.is_offered:
        return Outcome.NOT_OFFERED
    is_open = dead_letters or verification.different or delivery.left_over or any(day.conflicts for day in days)
    return Outcome.UNSETTLED if is_open else Outcome.DONE


def held_day(days: Sequence[ReplayedDay]) -> ReplayedDay | None:
    """The refresh date that stopped a backfill."""
    return next((day for day in days if day.verdict is DayVerdict.HELD), None)
