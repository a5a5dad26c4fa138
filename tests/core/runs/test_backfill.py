"""What a backfill may be asked for, and how it is told."""

from datetime import date

import pytest

from activation_sync.core.pages.backfill_words import backfill_words
from activation_sync.core.phrases import dates_words
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.runs.backfill import BackfillSummary, DayVerdict, LandedDays, ReplayDay, ReplayedDay, Window
from activation_sync.core.runs.outcome import Outcome
from activation_sync.errors import ConfigError

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def october(*numbers: int) -> list[date]:
    return [date(2026, 10, number) for number in numbers]


@pytest.mark.parametrize(
    ("start", "end", "reason", "says"),
    [
        pytest.param(LAST, FIRST, "why", "swap the two", id="backwards"),
        pytest.param(FIRST, LAST, " \t", "needs a reason", id="blank-reason"),
        pytest.param(FIRST, LAST, "x" * 201, "201 characters; the ledger keeps 200", id="long-reason"),
        pytest.param(date(1026, 10, 1), LAST, "why", "longer than 3,660 days", id="a-slip-of-the-finger"),
    ],
)
def test_a_window_that_cannot_be_meant_is_refused(start, end, reason, says):
    with pytest.raises(ConfigError, match=says):
        Window(start, end, reason)


def test_a_window_has_both_of_its_ends():
    assert list(Window(FIRST, FIRST, "why").days) == [FIRST]
    assert len(list(Window(FIRST, LAST, "why").days)) == 31


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([], ""),
        (october(3), "2026-10-03"),
        (october(9, 3, 7, 8), "2026-10-03, 2026-10-07..2026-10-09"),
        ([date(2026, 10, 31), date(2026, 11, 1)], "2026-10-31..2026-11-01"),
    ],
)
def test_dates_that_follow_each_other_are_one_range(days, words):
    assert dates_words(days) == words


def test_the_dates_come_in_portions_that_know_how_far_they_are():
    found = LandedDays(tuple(ReplayDay(day, ()) for day in october(1, 2, 3, 4, 5)))
    batches = list(found.batches(2))
    assert [(len(batch.days), batch.before, batch.total) for batch in batches] == [(2, 0, 5), (2, 2, 5), (1, 4, 5)]
    assert str(batches[1]) == "2026-10-03..2026-10-04"


def test_the_words_count_only_what_was_applied_and_name_what_is_missing():
    applied = ReplayedDay(FIRST, DayVerdict.APPLIED, "d1", written=6, pushed=2)
    held = ReplayedDay(LAST, DayVerdict.HELD, "d2", written=6, pushed=6, held_because="held before any write: so")
    summary = BackfillSummary(
        *("contoso", FIRST, LAST, "why", Outcome.HELD),
        days=(applied, held),
        missing=tuple(october(3, 4)),
        delivery=Delivery(acknowledged=2),
        error="2026-10-31 is held before any write: so",
    )
    assert backfill_words(summary) == (
        "2 refresh dates: 1 applied, 1 held. Wrote 6 rows; 2 acknowledged by Graph, 0 pending. "
        "Nothing was landed of 2026-10-03..2026-10-04; `import` reports of these dates if you have them. "
        "Stopped: 2026-10-31 is held before any write: so"
    )
