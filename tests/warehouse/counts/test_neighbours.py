"""What a refresh date is compared with."""

from datetime import timedelta

import pytest

from activation_sync.core.model import Counts, DayCounts, Report
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.counts.states import read_plan_inputs, read_replay_inputs
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.reports.loading import ReportedCounts, read_reported, replace_reported
from activation_sync.warehouse.reports.manifest import record_landed, record_loaded, record_reconciled
from tests.support.rows import APPS, AT, DAY, change, count_row, landed, plan, stamp

DETAIL, COUNTS = Report.USER_DETAIL, Report.USER_COUNTS
ONE, TWO = Counts(1, 1, 0), Counts(2, 1, 0)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def day(number):
    return DAY + timedelta(days=number)


def settle(conn, on, **counts):
    changes = [change(settled, product=product.upper(), on=on) for product, settled in counts.items()]
    apply_plan(conn, plan(*changes), stamp("r"))


def land(conn, report, on, counts=ONE, *, is_reconciled=True):
    reported = record_landed(conn, landed(report, f"{report} {on}"))
    replace_reported(conn, reported, [count_row(counts=counts, on=on)])
    record_loaded(conn, reported, on, 1, AT)
    if is_reconciled:
        record_reconciled(conn, [reported.id], AT)
    return read_reported(conn, reported.id)


def tonight(report=DETAIL, on=DAY, counts=TWO):
    return ReportedCounts(report, "", on, 1, (count_row(counts=counts, on=on),))


def settled_before(conn, *given, **assumed):
    inputs = read_replay_inputs(conn, "contoso", DETAIL, given or (tonight(),), **assumed)
    return inputs.settled_before.get(DAY)


def reported_near(conn, *given, **assumed):
    return read_replay_inputs(conn, "contoso", DETAIL, (tonight(), *given), **assumed).reported_near.get(DAY)


def test_a_date_is_compared_with_what_was_settled_for_the_nearest_earlier_one(conn):
    for number in (-9, -2, 1):
        settle(conn, day(number), apps=Counts(10 + number, 1, 1), visio=ONE)

    assert settled_before(conn) == DayCounts(day(-2), {"APPS": Counts(8, 1, 1), "VISIO": ONE})


def test_a_first_date_has_none_before_it(conn):
    settle(conn, day(1), apps=ONE)

    assert settled_before(conn) is None


def test_another_tenants_date_is_none_before_it(conn):
    settle(conn, day(-1), apps=ONE)
    conn.exec_driver_sql("UPDATE sync_base SET tenant = 'fabrikam'")

    assert settled_before(conn) is None


def test_a_preview_takes_what_will_have_been_replayed_for_settled(conn):
    settle(conn, day(-5), apps=ONE)
    assumed = [land(conn, DETAIL, day(number), TWO, is_reconciled=False).landed_id for number in (-3, -2, 1)]

    assert settled_before(conn, as_reconciled=assumed) == DayCounts(day(-2), {APPS: TWO})
    settle(conn, day(-1), visio=ONE)
    assert settled_before(conn, as_reconciled=assumed) == DayCounts(day(-1), {"VISIO": ONE})


def test_the_counts_report_of_the_date_itself_is_the_nearest(conn):
    for number in (-1, 0, 1):
        land(conn, COUNTS, day(number), Counts(10 + number, 1, 1))

    assert reported_near(conn) == DayCounts(DAY, {APPS: Counts(10, 1, 1)})


def test_the_nearest_within_three_days_stands_in_for_it(conn):
    land(conn, COUNTS, day(-4))
    assert reported_near(conn) is None

    land(conn, COUNTS, day(3), TWO)
    assert reported_near(conn) == DayCounts(day(3), {APPS: TWO})

    land(conn, COUNTS, day(-2))
    assert reported_near(conn) == DayCounts(day(-2), {APPS: ONE})


def test_tonights_counts_report_counts_before_it_is_reconciled_and_one_that_was_held_does_not(conn):
    land(conn, COUNTS, day(-1), is_reconciled=False)

    assert reported_near(conn) is None
    assert reported_near(conn, tonight(COUNTS, day(-1))) == DayCounts(day(-1), {APPS: TWO})


def test_a_preview_reads_counts_reports_that_will_have_been_replayed(conn):
    assumed = [land(conn, COUNTS, day(-1), is_reconciled=False).landed_id]

    assert reported_near(conn, as_reconciled=assumed) == DayCounts(day(-1), {APPS: ONE})


def test_a_counts_report_that_is_itself_observed_is_compared_with_no_other(conn):
    inputs = read_plan_inputs(conn, "contoso", COUNTS, [tonight(COUNTS)], DAY)

    assert (inputs.reported_near, inputs.as_of) == ({}, DAY)


def test_a_night_compares_its_observed_date_alone(conn):
    settle(conn, day(-3), apps=ONE)
    given = [tonight(), tonight(COUNTS, day(-1))]

    inputs = read_plan_inputs(conn, "contoso", DETAIL, given)

    assert (inputs.settled_before.keys(), inputs.reported_near.keys()) == ({DAY}, {DAY})
