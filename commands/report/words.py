"""Figures of the page in words."""

from collections.abc import Iterable
from datetime import date, datetime

from activation_sync.core.model import Measure
from activation_sync.core.pages.bi_rows import DailyCount, Drift
from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.report_age import report_age_days

ABSENT = "\u2013"


def headline(newest: Iterable[DailyCount]) -> str:
    """The products of one refresh date in a sentence."""
    known = _known(newest)
    return f"Licences activated: {activated_words(known)}, in {rows_words(len(known), 'product')}."


def activated_words(newest: Iterable[DailyCount]) -> str:
    """`1,496 of 2,027 (74 %)`: licences activated of those assigned, over all products of one refresh date."""
    known = _known(newest)
    assigned = sum(count.assigned or 0 for count in known)
    activated = sum(count.activated or 0 for count in known)
    share = f" ({100 * activated / assigned:.0f} %)" if assigned else ""
    return f"{activated:,} of {assigned:,}{share}"


def _known(counts: Iterable[DailyCount]) -> list[DailyCount]:
    return [count for count in counts if count.assigned is not None and count.activated is not None]


def age_words(refreshed_on: date, at: datetime) -> str:
    """How old a report is on the day of the page."""
    age = report_age_days(refreshed_on, at.date())
    return "today" if age == 0 else f"{rows_words(age, 'day')} old"


def users_words(count: int | None) -> str:
    return ABSENT if count is None else f"{count:,}"


def moved_words(first: int | None, newest: int | None) -> str:
    """One number, or two with an arrow where they differ."""
    return users_words(first) if first == newest else f"{users_words(first)} \u2192 {users_words(newest)}"


def duration_words(seconds: float | None) -> str:
    """`4 s`, `3 min 20 s`."""
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def drift_words(drift: Drift) -> str:
    """What differs, `assigned 12 here, 10 in Graph`; or why that is not known."""
    if drift.state == "in doubt":
        return "a PATCH left and its outcome is not known"
    if drift.state == "unknown":
        return "Graph's counts report of this date has not landed"
    parts = [
        f"{MEASURE_WORDS[measure]} {ours:,} here, {users_words(theirs)} in Graph"
        for measure in Measure
        if (ours := getattr(drift, f"warehouse_{measure}")) is not None
        and ours != (theirs := getattr(drift, f"published_{measure}"))
    ]
    return "; ".join(parts)
