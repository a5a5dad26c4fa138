"""Which night a scheduled run stands for, and what a night of several tenants came to. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from activation_sync.core.phrases import rows_words
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import RunSummary, outcome_words

NAMED_TENANTS = 5  # in the sentence of a night; its table names them all
MOST_PUT_OFFS = 6  # of one tenant, in one night
LONGEST_PUT_OFF = timedelta(hours=1)  # what is longer waits for the next night


def night_of(due_at: datetime, zone: ZoneInfo) -> date:
    """The night that a run due at this moment was made for: the day where the schedule lives."""
    return due_at.astimezone(zone).date()


def newest_night(due_at: datetime, now: datetime, zone: ZoneInfo) -> date:
    """The newest night that has come due by now, of a schedule with one run a night.

    A run that starts on time stands for its own night. Of several that start late, after an outage, each stands for
    the newest one, whatever their order: Graph has only today's reports, so one of them does the work of all.
    """
    due, local = due_at.astimezone(zone), now.astimezone(zone)
    has_come = local.time() >= due.time()
    return max(due.date(), local.date() if has_come else local.date() - timedelta(days=1))


def comes_again(until: datetime | None, put_offs: int, now: datetime) -> bool:
    """True when a tenant that was put off, so many times by now, still comes again this night."""
    return until is not None and put_offs <= MOST_PUT_OFFS and until <= now + LONGEST_PUT_OFF


def night_words(summaries: Sequence[RunSummary], known: Collection[str] = ()) -> str:
    """How a night went, in a sentence; then, of the tenants that need someone, the most pressing ones.

    known: tenants whose trouble began before this night; they come after all others.
    """
    counted = Counter(summary.outcome for summary in summaries)
    totals = ", ".join(f"{counted[outcome]:,} {outcome}" for outcome in Outcome if counted[outcome])
    pressing = [summary for summary in _in_order(summaries) if summary.outcome.needs_someone]
    pressing.sort(key=lambda summary: summary.tenant in known)
    named = [
        f"{summary.tenant}{', as before' if summary.tenant in known else ''}: {run_words(summary)}"
        for summary in pressing[:NAMED_TENANTS]
    ]
    more = [f"And {len(pressing) - NAMED_TENANTS:,} more."] if len(pressing) > NAMED_TENANTS else []
    return " ".join([f"{rows_words(len(summaries), 'tenant')}: {totals or 'none'}.", *named, *more])


def night_rows(summaries: Sequence[RunSummary]) -> list[dict[str, str]]:
    """A night as a table, a row a tenant, the most pressing first."""
    return [
        {"tenant": summary.tenant, "what": run_words(summary), "outcome": summary.outcome.value}
        for summary in _in_order(summaries)
    ]


def run_words(summary: RunSummary) -> str:
    """How one tenant's run ended; why, when it was held or failed."""
    return summary.error if summary.error and summary.outcome.fails_flow else outcome_words(summary)


def _in_order(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    return sorted(summaries, key=lambda summary: (summary.outcome.rank, summary.tenant))
