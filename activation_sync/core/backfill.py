"""What a backfill is asked for, what it did with each refresh date, and the words for it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from activation_sync.core.model import Plan
from activation_sync.core.run import Delivery, Outcome, Verification
from activation_sync.core.summary import plan_rows, rows_words, short_digest
from activation_sync.errors import ConfigError

SHOWN_ROWS = 200  # of the plan of one refresh date
MAX_REASON_CHARS = 200
MAX_DAYS = 3_660  # ten years; more is a slip of the finger
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
        if not self.reason.strip():
            problems.append("a backfill needs a reason: it stands in the ledger for whoever asks why")
        if len(self.reason) > MAX_REASON_CHARS:
            problems.append(f"the reason has {len(self.reason)} characters; the ledger keeps {MAX_REASON_CHARS}")
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


class Verdict(StrEnum):
    """What became of one refresh date."""

    NOTHING_TO_DO = "nothing to do"
    APPLIED = "applied"
    WOULD_CHANGE = "would change"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """One refresh date of a backfill, counted in rows.

    landed: how often the report that was restated most was landed. held_because: the guards' reason and the remedy.
    table: what would change, of a preview only.
    """

    refreshed_on: date
    verdict: Verdict
    digest: str
    written: int = 0
    pushed: int = 0
    waiting: int = 0
    conflicts: int = 0
    landed: int = 1
    held_because: str = ""
    table: tuple[dict[str, str], ...] = ()


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
    error: str = ""


def view_day(plan: Plan, day: date, landed: int, verdict: Verdict, held_because: str = "") -> ReplayedDay:
    """A plan of one refresh date in numbers."""
    return ReplayedDay(
        refreshed_on=day,
        verdict=verdict,
        digest=plan.digest,
        written=sum(change.is_written for change in plan.changes),
        pushed=sum(change.is_pushed for change in plan.changes),
        waiting=sum(change.waits_for_report for change in plan.changes),
        conflicts=sum(change.is_conflict for change in plan.changes),
        landed=landed,
        held_because=held_because,
    )


def preview_day(plan: Plan, day: date, landed: int, verdict: Verdict, held_because: str = "") -> ReplayedDay:
    """The same with the plan as a table, for a person who decides on it."""
    return replace(view_day(plan, day, landed, verdict, held_because), table=tuple(plan_rows(plan)[:SHOWN_ROWS]))


def held_day(days: Sequence[ReplayedDay]) -> ReplayedDay | None:
    """The refresh date that stopped a backfill."""
    return next((day for day in days if day.verdict is Verdict.HELD), None)


def day_rows(days: Iterable[ReplayedDay]) -> list[dict[str, str]]:
    """The dates as a table."""
    return [
        {
            "refresh date": day.refreshed_on.isoformat(),
            "verdict": day.verdict,
            "written": str(day.written),
            "pushed": str(day.pushed),
            "waiting": str(day.waiting),
            "conflicts": str(day.conflicts),
            "landed": "once" if day.landed == 1 else f"{day.landed} times",
            "plan": short_digest(day.digest),
        }
        for day in days
    ]


def dates_words(days: Iterable[date]) -> str:
    """Dates, with those that follow each other as one range."""
    ordered = enumerate(sorted(days))
    runs = (list(run) for _, run in groupby(ordered, key=lambda place: place[1] - ONE_DAY * place[0]))
    return ", ".join(str(run[0][1]) if len(run) == 1 else f"{run[0][1]}..{run[-1][1]}" for run in runs)


def backfill_words(summary: BackfillSummary) -> str:
    """How a tenant's backfill ended, and what to do next."""
    sentences = [_days_words(summary), *_open_ends(summary)]
    return " ".join(sentences) if not summary.error else f"{' '.join(sentences)} Stopped: {summary.error}"


def _days_words(summary: BackfillSummary) -> str:
    tally = {verdict: sum(day.verdict is verdict for day in summary.days) for verdict in Verdict}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count)
    written, pushed = (sum(getattr(day, name) for day in summary.days) for name in ("written", "pushed"))
    seen = f"{rows_words(len(summary.days), 'refresh date')}{f': {counted}' if counted else ''}."
    if summary.outcome is Outcome.PREVIEWED:
        return f"{seen} Would write {rows_words(written)} and push {pushed:,}; nothing was written."
    sent = f"{summary.delivery.acknowledged:,} acknowledged by Graph, {summary.delivery.pending:,} pending"
    off = "" if summary.delivery.is_enabled else " (write-back is switched off)"
    return f"{seen} Wrote {rows_words(written)}; {sent}{off}."


def _open_ends(summary: BackfillSummary) -> Iterator[str]:
    if summary.missing:
        yield f"Nothing was landed of {dates_words(summary.missing)}; `import` reports of these dates if you have them."
    if summary.unreadable:
        yield f"Not read: {'; '.join(summary.unreadable)}."
    if not summary.delivery.is_offered:
        yield "This Graph does not offer the write-back resource; the updates stay in the outbox."
    conflicts = sum(day.conflicts for day in summary.days)
    if conflicts:
        yield f"{rows_words(conflicts, 'conflict')} left open: see `conflicts` and `resolve`."
