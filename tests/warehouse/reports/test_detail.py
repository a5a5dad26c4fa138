"""User detail is swapped in whole or not at all, and no name leaks on the way."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from activation_sync.core.model import Counts, Report
from activation_sync.errors import ReportFormatError, ReportShrankError
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.tables import activation_user_detail, detail_snapshot, loaded_user_detail
from activation_sync.warehouse.reports.detail import load_detail
from activation_sync.warehouse.reports.keeping import apply_reports
from activation_sync.warehouse.reports.loading import read_reported
from activation_sync.warehouse.reports.manifest import read_landed, record_landed
from tests.support.rows import APPS, AT, DAY, VISIO, Counted, count_row, detail_row, landed

DETAIL = Report.USER_DETAIL


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def load(conn, rows, content="one", hours=0):
    """As a run does it: loaded, then applied."""
    loaded = load_only(conn, rows, content, hours)
    apply_reports(conn, [loaded.id], AT)
    return loaded


def load_only(conn, rows, content="one", hours=0):
    report, counted = record_landed(conn, landed(DETAIL, content, hours)), Counted()
    return load_detail(conn, report, counted.through(rows), counted, AT)


def kept_reports(conn):
    return set(conn.execute(select(loaded_user_detail.c.raw_report_id)).scalars())


def users(conn):
    return sorted(conn.execute(select(activation_user_detail.c.user_principal_name)).scalars())


def test_detail_is_kept_as_it_was_reported_and_counted_on_the_way(conn):
    loaded = load(conn, [detail_row("ann@contoso.example"), detail_row("bob@contoso.example", VISIO)])
    assert (loaded.refreshed_on, loaded.rows, loaded.loaded_at) == (DAY, 2, AT)
    kept = conn.execute(select(activation_user_detail).order_by("user_principal_name")).mappings().first()
    assert dict(kept) == {
        "tenant": "contoso",
        "user_principal_name": "ann@contoso.example",
        "product": APPS,
        "refreshed_on": DAY,
        "display_name": "A Name",
        "last_activated_on": DAY,
        "windows": 1,
        "mac": 0,
        "windows_10_mobile": 0,
        "ios": None,
        "android": 0,
        "activated_on_shared_computer": False,
        "raw_report_id": loaded.id,
    }
    said = read_reported(conn, loaded.id)
    assert said.rows == (count_row(APPS, Counts(1, 1, 0)), count_row(VISIO, Counts(1, 1, 0)))
    assert said.rows_total == 2


def test_a_newer_snapshot_replaces_the_one_before_it(conn):
    load(conn, [detail_row("ann"), detail_row("bob")])
    load(conn, [detail_row("cid", on=DAY + timedelta(days=1))], "two", hours=24)
    assert users(conn) == ["cid"]


def test_people_see_the_old_snapshot_until_the_new_one_is_applied(conn):
    load(conn, [detail_row("ann"), detail_row("bob")])
    new = load_only(conn, [detail_row("cid", on=DAY + timedelta(days=1))], "two", hours=24)
    assert users(conn) == ["ann", "bob"]
    apply_reports(conn, [new.id], AT)
    assert users(conn) == ["cid"]
    assert kept_reports(conn) == {new.id}


def test_a_snapshot_that_was_held_is_gone_with_the_next_one(conn):
    seen = load(conn, [detail_row("ann")])
    load_only(conn, [detail_row("bob")], "held", hours=24)
    next_one = load_only(conn, [detail_row("cid")], "next", hours=48)
    assert kept_reports(conn) == {seen.id, next_one.id}


def test_a_report_that_graph_gives_again_later_is_loaded_again(conn):
    load(conn, [detail_row("ann")])
    load(conn, [detail_row("bob")], "two", hours=24)
    again = record_landed(conn, landed(DETAIL, hours=48))
    assert again.loaded_at is None
    load(conn, [detail_row("ann")], hours=48)
    assert users(conn) == ["ann"]


def test_loading_the_same_detail_again_ends_in_the_same_rows(conn):
    for _ in range(2):
        loaded = load(conn, [detail_row("ann"), detail_row("bob")])
    assert users(conn) == ["ann", "bob"]
    assert read_reported(conn, loaded.id).rows_total == 2


@pytest.mark.parametrize("day", [DAY - timedelta(days=1), DAY], ids=["of-an-older-date", "seen-earlier"])
def test_an_older_report_is_counted_and_leaves_the_snapshot(conn, day):
    load(conn, [detail_row("ann")], hours=24)
    older = load(conn, [detail_row("bob", on=day)], "older")
    assert users(conn) == ["ann"]
    assert read_reported(conn, older.id).refreshed_on == day


def test_another_tenants_snapshot_stays(conn):
    load(conn, [detail_row("ann")])
    other = replace(landed(DETAIL), tenant="fabrikam")
    record_landed(conn, other)
    conn.execute(
        loaded_user_detail.insert().values(
            tenant="fabrikam", user_principal_name="x", product=APPS, refreshed_on=DAY, raw_report_id=other.id
        )
    )
    conn.execute(detail_snapshot.insert().values(tenant="fabrikam", raw_report_id=other.id))
    load(conn, [detail_row("bob")], "two", hours=24)
    assert users(conn) == ["bob", "x"]


def cut_short():
    yield detail_row("bob")
    raise ReportFormatError("line 3: cut short")


def test_a_stream_that_breaks_leaves_the_old_snapshot_and_a_usable_transaction(conn):
    load(conn, [detail_row("ann")])
    with pytest.raises(ReportFormatError, match="cut short"):
        load(conn, cut_short(), "two", hours=24)
    assert users(conn) == ["ann"]
    assert read_landed(conn, landed(DETAIL, "two").id).loaded_at is None


@pytest.mark.parametrize("day", [DAY + timedelta(days=1), DAY - timedelta(days=1)], ids=["newer", "older"])
def test_two_rows_for_one_user_and_product_are_refused_without_the_name(conn, day):
    load(conn, [detail_row("ann")])
    with pytest.raises(ReportFormatError, match="two rows for one user and product") as refusal:
        load(conn, [detail_row("bob", on=day), detail_row("bob", on=day)], "two", hours=24)
    assert "bob" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    assert users(conn) == ["ann"]


@pytest.mark.parametrize("windows", [-1, 2**63], ids=["below-nothing", "beyond-bigint"])
def test_a_value_no_column_can_hold_is_refused_without_the_name(conn, windows):
    with pytest.raises(ReportFormatError, match="a value that no column can hold") as refusal:
        load(conn, [detail_row("bob")._replace(windows=windows)])
    assert "bob" not in str(refusal.value)


def test_an_empty_detail_report_is_held_and_leaves_the_snapshot(conn):
    load(conn, [detail_row("ann")])
    with pytest.raises(ReportShrankError, match="no rows"):
        load(conn, [], "empty", hours=24)
    assert users(conn) == ["ann"]


def test_a_large_report_needs_no_more_memory_than_a_small_one(conn):
    rows = (detail_row(f"user{number}@contoso.example") for number in range(200_000))
    tracemalloc.start()
    load(conn, rows)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert conn.scalar(select(func.count()).select_from(activation_user_detail)) == 200_000
    assert peak_bytes < 30_000_000
