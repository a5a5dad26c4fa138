"""How old a report is; the clock is the caller's."""

from datetime import date


def report_age_days(refreshed_on: date, as_of: date) -> int:
    """Days between a refresh date and the run's day, both UTC; commonly 2."""
    return (as_of - refreshed_on).days


def is_stale(refreshed_on: date, as_of: date, stale_after_days: int) -> bool:
    """True once the report is older than a report may be."""
    return report_age_days(refreshed_on, as_of) > stale_after_days
