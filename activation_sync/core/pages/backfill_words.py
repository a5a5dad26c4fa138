"""A backfill as it is shown to people: the command's and the dashboard's common ground."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from activation_sync.core.model import Plan
from activation_sync.core.pages.bi_rows import DailyCount
from activation_sync.core.pages.plan_view import page_markdown
from activation_sync.core.phrases import rows_words, short_digest
from activation_sync.core.rule.reasons import plan_rows
from activation_sync.core.runs.backfill import ONE_DAY, BackfillSummary, DayVerdict, ReplayDay, ReplayedDay, view_day
from activation_sync.core.runs.outcome import Outcome

SHOWN_ROWS = 200  # of the plan of one refresh date


def preview_day(plan: Plan, day: ReplayDay, verdict: DayVerdict, held_because: str = "") -> ReplayedDay:
    """The same with the plan as a table, for a person who decides on it."""
    return replace(view_day(plan, day, verdict, held_because), table=tuple(plan_rows(plan)[:SHOWN_ROWS]))


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


def backfill_markdown(summary: BackfillSummary, counts: Sequence[DailyCount]) -> str:
    """A tenant's backfill as a page of the dashboard; its charts are of these dates, oldest first."""
    title = f"{summary.tenant}, refresh dates {summary.start} to {summary.end}"
    return page_markdown(title, _facts(summary), counts)


def dates_words(days: Iterable[date]) -> str:
    """Dates, with those that follow each other as one range."""
    ordered = enumerate(sorted(days))
    runs = (list(run) for _, run in groupby(ordered, key=lambda place: place[1] - ONE_DAY * place[0]))
    return ", ".join(str(run[0][1]) if len(run) == 1 else f"{run[0][1]}..{run[-1][1]}" for run in runs)


def backfill_words(summary: BackfillSummary) -> str:
    """How a tenant's backfill ended, and what to do next."""
    sentences = [_days_words(summary), *_open_ends(summary)]
    return " ".join(sentences) if not summary.error else f"{' '.join(sentences)} Stopped: {summary.error}"


def _facts(summary: BackfillSummary) -> list[tuple[str, object]]:
    return [
        ("outcome", summary.outcome),
        ("refresh dates looked at", len(summary.days)),
        ("refresh dates of which nothing was landed", len(summary.missing)),
        ("rows written to the warehouse", summary.written),
        ("updates planned for Graph", summary.pushed),
        ("acknowledged by Graph", summary.delivery.acknowledged),
        ("still pending in the outbox", summary.delivery.pending),
        ("open conflicts", sum(day.conflicts for day in summary.days)),
        ("dead letters", summary.dead_letters),
    ]


def _days_words(summary: BackfillSummary) -> str:
    tally = {verdict: sum(day.verdict is verdict for day in summary.days) for verdict in DayVerdict}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count)
    seen = f"{rows_words(len(summary.days), 'refresh date')}{f': {counted}' if counted else ''}."
    if summary.outcome is Outcome.PREVIEWED:
        return f"{seen} Would write {rows_words(summary.written)} and push {summary.pushed:,}; nothing was written."
    sent = f"{summary.delivery.acknowledged:,} acknowledged by Graph, {summary.delivery.pending:,} pending"
    off = "" if summary.delivery.is_enabled else " (write-back is switched off)"
    return f"{seen} Wrote {rows_words(summary.written)}; {sent}{off}."


def _open_ends(summary: BackfillSummary) -> Iterator[str]:
    if summary.missing:
        yield f"Nothing was landed of {dates_words(summary.missing)}; `import` reports of these dates if you have them."
    if summary.unreadable:
        yield f"Not read: {'; '.join(summary.unreadable)}."
    if not summary.delivery.is_offered:
        yield "This Graph does not offer the write-back resource; the updates stay in the outbox."
    conflicts = sum(day.conflicts for day in summary.days)
    if summary.dead_letters:
        yield f"{rows_words(summary.dead_letters, 'dead letter')} of this tenant left: see `dead-letters` and `retry`."
    if conflicts:
        yield f"{rows_words(conflicts, 'conflict')} left open: see `conflicts` and `resolve`."
