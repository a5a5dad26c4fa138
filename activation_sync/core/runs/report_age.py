"""How old a report is; the caller gives the day."""

from datetime import date

from activation_sync.core.phrases import rows_words


def report_age_days(refreshed_on: date, as_of: date) -> int:
    """Days from a refresh date to the run's day, both UTC; commonly 2; 0 when the report's date is in the future."""
    return max(0, (as_of - refreshed_on).days)


def age_words(refreshed_on: date, as_of: date) -> str:
    """`2026-11-19, 2 days old`; or that the date is in the future, which is a fault of the report."""
    if refreshed_on > as_of:
        return f"{refreshed_on}, dated ahead of today"
    return f"{refreshed_on}, {rows_words(report_age_days(refreshed_on, as_of), 'day')} old"


def is_stale(refreshed_on: date, as_of: date, stale_after_days: int) -> bool:
    """True once the report is older than a report may be."""
    return report_age_days(refreshed_on, as_of) > stale_after_days
