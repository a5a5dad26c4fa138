from datetime import date

import pytest

from activation_sync.core.runs.report_age import age_words, is_stale, report_age_days

REFRESHED_ON = date(2026, 2, 27)


@pytest.mark.parametrize(("as_of", "age_days"), [(date(2026, 2, 27), 0), (date(2026, 3, 1), 2), (date(2026, 2, 26), 0)])
def test_the_age_of_a_report_is_counted_in_days_of_the_calendar(as_of, age_days):
    assert report_age_days(REFRESHED_ON, as_of) == age_days


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (date(2026, 2, 28), "2026-02-27, 1 day old"),
        (date(2026, 3, 1), "2026-02-27, 2 days old"),
        (date(2026, 2, 26), "2026-02-27, dated ahead of today"),
    ],
)
def test_an_age_in_words_is_never_negative(as_of, words):
    assert age_words(REFRESHED_ON, as_of) == words


@pytest.mark.parametrize(("as_of", "expected"), [(date(2026, 3, 4), False), (date(2026, 3, 5), True)])
def test_a_report_is_stale_once_it_is_older_than_allowed(as_of, expected):
    assert is_stale(REFRESHED_ON, as_of, stale_after_days=5) is expected
