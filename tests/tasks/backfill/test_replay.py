"""A backfill without its frame: which dates it finds, what it does with each, and how it goes on when interrupted."""

import pytest

from activation_sync.core.model import Report
from activation_sync.core.runs.backfill import DayVerdict, Window
from activation_sync.warehouse.database.lease import hold_lease
from tasks.backfill.replay import look_for_days
from tests.support.sites.offline_site import (
    APPS,
    TENANT,
    VISIO,
    OfflineSite,
    counts_csv,
    day,
    detail_csv,
    open_offline_site,
    platforms_csv,
)

COUNTS, DETAIL, PLATFORMS = Report.USER_COUNTS, Report.USER_DETAIL, Report.PLATFORM_COUNTS
GAPS = {3, 7, 8}
NUMBERS = [number for number in range(12) if number not in GAPS]


def reports_of(number: int, users: int = 5):
    """All three reports of one date, whose counts report lags by one user."""
    on = day(number)
    return (
        (COUNTS, counts_csv(on, {APPS: users - 1, VISIO: 2})),
        (DETAIL, detail_csv(on, {APPS: users, VISIO: 2})),
        (PLATFORMS, platforms_csv(on, {APPS: 1, VISIO: 1})),
    )


def land_window(site: OfflineSite, numbers=NUMBERS) -> None:
    site.land(*(report for number in numbers for report in reports_of(number, users=5 + number % 3)))


def test_a_window_with_gaps_is_replayed_oldest_first_and_the_gaps_are_named(site):
    land_window(site)

    replayed = site.backfill(day(0), day(11))

    assert [one.refreshed_on for one in replayed] == [day(number) for number in NUMBERS]
    assert {one.verdict for one in replayed} == {DayVerdict.APPLIED}
    rows = site.query("SELECT refreshed_on, assigned FROM activation_user_count WHERE product = :it", it=APPS)
    assert sorted((str(on), assigned) for on, assigned in rows) == [(str(day(n)), 5 + n % 3) for n in NUMBERS]
    window = site.preview(day(0), day(11))
    assert window.missing == (day(3), day(7), day(8))
    assert {one.verdict for one in window.days} == {DayVerdict.NOTHING_TO_DO}
    assert site.query("SELECT count(*) FROM activation_platform_count WHERE platform = 'windows'") == [(18,)]


def test_what_was_landed_outside_the_window_is_left_alone(site):
    land_window(site)
    site.backfill(day(1), day(2))
    assert {str(on) for (on,) in site.query("SELECT refreshed_on FROM activation_user_count")} == {
        str(day(1)),
        str(day(2)),
    }


@pytest.mark.parametrize("killed_after", [1, 5])
def test_an_interrupted_window_resumes_and_ends_like_an_undisturbed_one(site, tmp_path, killed_after):
    land_window(site)
    site.backfill(day(0), day(11), only_first=killed_after)
    resumed = site.backfill(day(0), day(11))

    assert [one.verdict for one in resumed].count(DayVerdict.NOTHING_TO_DO) == killed_after
    with other_site(tmp_path) as undisturbed:
        land_window(undisturbed)
        undisturbed.backfill(day(0), day(11))
        assert site.ending() == undisturbed.ending()


def land_year(site: OfflineSite) -> None:
    """Two reports a date, of one product: what a year costs is what its plans cost."""
    for number in range(365):
        users, on = {APPS: 5 + number % 3}, day(number - 365)  # no date may be one to come
        site.land((COUNTS, counts_csv(on, {APPS: 4})), (DETAIL, detail_csv(on, users)))


@pytest.fixture(scope="session")
def undisturbed_year(tmp_path_factory):
    with other_site(tmp_path_factory.mktemp("year")) as undisturbed:
        land_year(undisturbed)
        undisturbed.backfill(day(-365), day(-1))
        return undisturbed.ending()


@pytest.mark.timeout(900)  # three times a year of dates; the machine may be busy
def test_a_year_interrupted_half_way_resumes_and_ends_like_an_undisturbed_one(site, undisturbed_year):
    land_year(site)
    site.backfill(day(-365), day(-1), only_first=182)
    resumed = site.backfill(day(-365), day(-1))

    assert [one.verdict for one in resumed] == [DayVerdict.NOTHING_TO_DO] * 182 + [DayVerdict.APPLIED] * 183
    assert site.ending() == undisturbed_year


def other_site(folder):
    (folder / "other").mkdir()
    return open_offline_site(folder / "other", f"sqlite:///{folder / 'other' / 'warehouse.db'}")


def test_a_second_run_writes_nothing_at_all(site):
    land_window(site)
    site.backfill(day(0), day(11))
    before = site.dump()
    assert {one.verdict for one in site.backfill(day(0), day(11))} == {DayVerdict.NOTHING_TO_DO}
    assert site.dump() == before


def test_a_preview_writes_nothing_and_promises_the_very_plans_that_are_applied(site):
    land_window(site)
    before = site.dump()
    looked = site.preview(day(0), day(11))
    assert site.dump() == before
    assert {one.verdict for one in looked.days} == {DayVerdict.WOULD_CHANGE}
    assert [change.refreshed_on for change in looked.days[0].changes] == [day(0)] * 2
    assert [one.digest for one in site.backfill(day(0), day(11))] == [one.digest for one in looked.days]


def test_a_correction_by_hand_survives_the_replay_of_its_date(site):
    land_window(site)
    site.backfill(day(0), day(11))
    site.execute("UPDATE activation_user_count SET assigned = 8 WHERE refreshed_on = :on", on=str(day(5)))
    [replayed] = site.backfill(day(5), day(5))
    assert (replayed.verdict, replayed.written) == (DayVerdict.APPLIED, 0)
    assert set(site.query("SELECT assigned FROM activation_user_count WHERE refreshed_on = :on", on=str(day(5)))) == {
        (8,)
    }


def test_of_a_restated_date_the_report_seen_last_counts_and_the_ledger_says_so(site):
    site.land(*reports_of(0))
    site.backfill(day(0), day(0))
    site.land((DETAIL, detail_csv(day(0), {APPS: 6, VISIO: 2})))

    [replayed] = site.backfill(day(0), day(0))

    assert (replayed.verdict, replayed.landed, replayed.written) == (DayVerdict.APPLIED, 2, 1)
    assert site.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=APPS) == [(6,)]
    notes = site.query("SELECT DISTINCT note FROM ledger WHERE kind = 'decision' ORDER BY note")
    window = f"backfill {day(0)}..{day(0)}: a test"
    assert notes == [(window,), (f"{window}; the newest of 2 landed reports of this date",)]


def test_a_report_cut_short_holds_its_date_and_those_behind_it_until_that_plan_is_approved(site):
    site.land(*(report for number in range(3) for report in reports_of(number, users=4 if number == 1 else 40)))

    *done, held = site.backfill(day(0), day(2))

    assert [one.verdict for one in done] == [DayVerdict.APPLIED]
    assert (held.refreshed_on, held.verdict) == (day(1), DayVerdict.HELD)
    assert "the user-detail report of 2026-01-02 has 6 rows, 36 fewer than the one before it (42)" in held.held_because
    assert f"--approve {held.digest[:12]}" in held.held_because
    look = site.preview(day(0), day(2)).days[1]
    assert (look.digest, f"--approve {held.digest}" in look.held_because) == (held.digest, True)
    assert [one.verdict for one in site.backfill(day(0), day(2), approve="0" * 64)][-1] is DayVerdict.HELD

    *_, approved, risen = site.backfill(day(0), day(2), approve=held.digest)

    assert (approved.verdict, risen.verdict) == (DayVerdict.APPLIED, DayVerdict.HELD)
    assert f"compared with {day(1)}" in risen.held_because
    last = site.backfill(day(0), day(2), approve=risen.digest)
    assert [one.verdict for one in last] == [DayVerdict.NOTHING_TO_DO, DayVerdict.NOTHING_TO_DO, DayVerdict.APPLIED]


def test_old_dates_are_no_stale_report_and_move_nothing_newer_back(site):
    land_window(site, [30])
    site.backfill(day(30), day(30))
    land_window(site)
    replayed = site.backfill(day(0), day(11))
    assert not any(one.held_because for one in replayed)
    assert [str(on) for (on,) in site.query("SELECT max(refreshed_on) FROM sync_base")] == [str(day(30))]


def test_what_was_landed_and_never_loaded_is_loaded_first_its_counts_only(site):
    site.land(*reports_of(0), is_loaded=False)
    assert look_for_days(TENANT, Window(day(0), day(1), "a test")).days == ()
    assert "never loaded" in site.preview(day(0), day(1)).unreadable[0]

    [replayed] = site.backfill(day(0), day(1))

    assert replayed.verdict is DayVerdict.APPLIED
    assert site.query("SELECT count(*) FROM loaded_user_detail") == [(0,)]
    assert site.query("SELECT count(*) FROM activation_user_count") == [(2,)]


def test_a_landed_report_that_is_none_is_rejected_and_stops_nothing(site):
    site.land((COUNTS, b"Report Refresh Date,Product Type\r\n"), is_loaded=False)
    land_window(site)
    assert len(site.backfill(day(0), day(11))) == len(NUMBERS)
    [(rejected,)] = site.query("SELECT rejected FROM raw_report WHERE rejected IS NOT NULL")
    assert "required columns are missing" in rejected


def test_a_tenant_that_is_busy_is_waited_for_and_that_is_said(site):
    site.land(*reports_of(0))
    with hold_lease(site.engine, TENANT, "run of tonight") as other:
        site.naps = Naps(lambda: site.execute("UPDATE tenant_lease SET owner = ''"))
        [replayed] = site.backfill(day(0), day(0))
    assert replayed.verdict is DayVerdict.APPLIED
    assert other.fencing_token == 1
    assert site.naps == [1.0]
    [said] = site.said
    assert "waiting up to 120 s: tenant contoso is held by run of tonight" in said


class Naps(list[float]):
    """Remembers naps; during the first, somebody else does something."""

    def __init__(self, meanwhile) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def append(self, seconds: float) -> None:
        super().append(seconds)
        self._meanwhile()


def test_the_tenant_is_free_between_two_dates(site):
    land_window(site)
    for _ in site.replaying(day(0), day(11)):
        with hold_lease(site.engine, TENANT, "a nightly run that waited"):
            pass
    assert site.naps == []
