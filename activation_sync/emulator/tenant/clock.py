"""Time in the emulator: seconds that run and can be skipped, and days that move only when asked."""

import time
from datetime import UTC, date, datetime, timedelta

DAY_S = 86_400
REPORT_AGE = timedelta(days=2)  # reports commonly trail the day they are asked for by 48 hours


class ScenarioClock:
    """The refresh date, and a second hand that tests may turn forward without sleeping.

    Skipped seconds expire tokens and download URLs. A skipped day brings the next refresh date and ends every
    throttling window, but leaves tokens alone: clients time their tokens by their own clock, which did not move.
    """

    def __init__(self, first_refreshed_on: date) -> None:
        self._first_refreshed_on = first_refreshed_on
        self._skipped_s = 0.0
        self.day = 0
        self.refreshes = 0

    def next_day(self) -> None:
        """Move to the next refresh date, which is a refresh too."""
        self.day += 1
        self.refreshes += 1

    def refresh(self, times: int) -> None:
        """Publish the same refresh date again."""
        self.refreshes += times

    def skip(self, seconds: float) -> None:
        """Turn the second hand forward."""
        self._skipped_s += seconds

    @property
    def refreshed_on(self) -> date:
        """The newest report's refresh date, UTC."""
        return self.date_of(self.day)

    @property
    def today(self) -> date:
        """The scenario's own day, UTC: what a nightly run would call its `as_of`."""
        return self.refreshed_on + REPORT_AGE

    def date_of(self, day: int) -> date:
        """The refresh date of a day counted from the first one; may be negative."""
        return self._first_refreshed_on + timedelta(days=day)

    def now(self) -> datetime:
        """Wall time plus the seconds skipped, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._skipped_s)

    def elapsed_s(self) -> float:
        """Seconds that only grow; skipped days count as days."""
        return time.monotonic() + self._skipped_s + self.day * DAY_S
