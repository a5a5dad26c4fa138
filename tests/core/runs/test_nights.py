"""Nights are days where the schedule lives, also when clocks change and when runs start late."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.runs.nights import NAMED_TENANTS, newest_night, night_of, night_rows, night_words
from activation_sync.core.runs.outcome import Outcome, most_pressing
from activation_sync.core.runs.summary import PlanView, RunSummary

BERLIN = ZoneInfo("Europe/Berlin")
HONOLULU = ZoneInfo("Pacific/Honolulu")
AUCKLAND = ZoneInfo("Pacific/Auckland")


def local(zone: ZoneInfo, *when: int) -> datetime:
    return datetime(*when, tzinfo=zone).astimezone(UTC)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("zone", "due_at", "night"),
    [
        pytest.param(BERLIN, datetime(2026, 11, 20, 0, 30, tzinfo=UTC), date(2026, 11, 20), id="winter"),
        pytest.param(BERLIN, datetime(2026, 7, 19, 23, 30, tzinfo=UTC), date(2026, 7, 20), id="summer-is-before-utc"),
        pytest.param(HONOLULU, datetime(2026, 11, 20, 11, 30, tzinfo=UTC), date(2026, 11, 20), id="west"),
        pytest.param(AUCKLAND, datetime(2026, 11, 20, 12, 30, tzinfo=UTC), date(2026, 11, 21), id="far-east"),
    ],
)
def test_a_run_is_made_for_the_day_where_its_schedule_lives(zone: ZoneInfo, due_at: datetime, night: date):
    assert night_of(due_at, zone) == night


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["clocks-forward", "clocks-back"])
def test_when_clocks_change_each_night_is_still_its_own(day: date):
    days = [day + timedelta(days=offset) for offset in (-1, 0, 1)]
    due = [local(BERLIN, each.year, each.month, each.day, 1, 30) for each in days]

    assert [newest_night(due_at, due_at + timedelta(seconds=5), BERLIN) for due_at in due] == days


@pytest.mark.parametrize(
    ("starts_at", "night"),
    [
        pytest.param((2026, 11, 23, 10, 0), date(2026, 11, 23), id="after-tonight-came-due"),
        pytest.param((2026, 11, 23, 0, 30), date(2026, 11, 22), id="before-tonight-comes-due"),
    ],
)
def test_late_runs_all_stand_for_the_newest_night_that_came_due(starts_at: tuple[int, ...], night: date):
    due = [local(BERLIN, 2026, 11, day, 1, 30) for day in (20, 21, 22)]

    assert {newest_night(due_at, local(BERLIN, *starts_at), BERLIN) for due_at in due} == {night}


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  given one
    st.integers(min_value=0, max_value=10 * 24 * 60),
    st.sampled_from([BERLIN, HONOLULU, AUCKLAND, ZoneInfo("UTC")]),
)
def test_a_run_never_stands_for_a_night_before_its_own_nor_for_one_to_come(due_at, late_minutes, zone):
    now = due_at + timedelta(minutes=late_minutes)

    assert night_of(due_at, zone) <= newest_night(due_at, now, zone) <= night_of(now, zone)


def test_a_night_is_named_after_what_needs_someone_most():
    assert most_pressing([Outcome.DONE, Outcome.HELD, Outcome.UNSETTLED]) is Outcome.HELD
    assert most_pressing([Outcome.ALREADY_DONE, Outcome.NOTHING_NEW]) is Outcome.NOTHING_NEW
    assert most_pressing([Outcome.ALREADY_DONE, Outcome.ALREADY_DONE]) is Outcome.ALREADY_DONE
    assert most_pressing([]) is Outcome.DONE


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_place_and_its_words(outcome: Outcome):
    summary = RunSummary(PlanView("contoso"), "", date(2026, 11, 23), outcome)

    assert most_pressing([outcome]) is outcome
    assert f"1 tenant: 1 {outcome}." in night_words([summary])


def test_what_is_new_is_named_before_what_is_known():
    known, new = (
        RunSummary(PlanView(name), "", date(2026, 11, 23), outcome, error="why")
        for name, outcome in (("known", Outcome.FAILED), ("new", Outcome.HELD))
    )

    assert night_words([known, new], {"known"}) == "2 tenants: 1 failed, 1 held. new: why known, as before: why"


def test_of_many_failures_the_first_are_named_and_the_rest_counted():
    failed = [
        RunSummary(PlanView(f"tenant-{number}"), "", date(2026, 11, 23), Outcome.FAILED, error="no way in")
        for number in range(NAMED_TENANTS + 2)
    ]
    fine = RunSummary(PlanView("contoso"), "", date(2026, 11, 23), Outcome.ALREADY_DONE)

    words = night_words([fine, *failed])

    assert words.startswith("8 tenants: 7 failed, 1 already-done. tenant-0: no way in tenant-1:")
    assert words.endswith("And 2 more.")
    assert [row["tenant"] for row in night_rows([fine, *failed])][-1] == "contoso"
