"""A backfill as it is shown to people: the command's and the dashboard's common ground."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from activation_sync.core.model import Plan
from activation_sync.core.pages.bi_rows import DailyCount
from activation_sync.core.pages.plan_view import page_markdown
from activation_sync.core.phrases import dates_words, rows_words, short_digest
from activation_sync.core.rule.planned import Sending, shown_changes
from activation_sync.core.runs.backfill import BackfillSummary, DayVerdict, ReplayDay, ReplayedDay, view_day
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.words import OFF, doing_words, left_over_words, past_words

SHOWN_ROWS = 200  # of the plan of one refresh date


def preview_day(plan: Plan, day: ReplayDay, verdict: DayVerdict, held_because: str = "") -> ReplayedDay:
    """The same with the changes, for a person who decides on it."""
    return replace(view_day(plan, day, verdict, held_because), changes=shown_changes(plan, SHOWN_ROWS))


def day_rows(days: Iterable[ReplayedDay]) -> list[dict[str, str]]:
    """The dates as a table."""
    return [
        {
            "refresh date": day.refreshed_on.isoformat(),
            "verdict": day.verdict,
            "written": str(day.written),
            "to send": str(day.pushed),
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
        is_on = summary.delivery.is_enabled
        would = doing_words(summary.written, summary.pushed, Sending.WOULD, is_write_back_on=is_on)
        return f"{seen} {would}; nothing was written."
    sent = f"{summary.delivery.acknowledged:,} acknowledged by Graph, {summary.delivery.pending:,} pending"
    off = "" if summary.delivery.is_enabled else f": {OFF}"
    return f"{seen} Wrote {rows_words(summary.written)}; {sent}{off}."


def _open_ends(summary: BackfillSummary) -> Iterator[str]:
    past = [day for day in summary.days if day.waiting_past]
    if past:
        yield past_words(sum(day.waiting_past for day in past), [day.refreshed_on for day in past]).strip()
    if summary.missing:
        yield f"Nothing was landed of {dates_words(summary.missing)}; `import` reports of these dates if you have them."
    if summary.unreadable:
        yield f"Not read: {'; '.join(summary.unreadable)}."
    if not summary.delivery.is_offered:
        yield "This Graph does not offer the write-back resource; the updates stay in the outbox."
    if left_over := left_over_words(summary.delivery.left_over):
        yield left_over
    conflicts = sum(day.conflicts for day in summary.days)
    if summary.dead_letters:
        yield f"{rows_words(summary.dead_letters, 'dead letter')} of this tenant left: see `dead-letters` and `retry`."
    if conflicts:
        yield f"{rows_words(conflicts, 'conflict')} left open: see `conflicts` and `resolve`."
