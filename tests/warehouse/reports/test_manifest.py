"""The manifest of landed reports, and loading the two count reports."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from activation_sync.core.model import Counts, PlatformRow, Report
from activation_sync.errors import ReportFormatError, ReportShrankError, WarehouseError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.kinds import Source
from activation_sync.warehouse.database.tables import activation_platform_count, reported_count
from activation_sync.warehouse.reports.keeping import apply_reports
from activation_sync.warehouse.reports.loading import load_counts, load_platforms, read_reported
from activation_sync.warehouse.reports.manifest import (
    newest_landed,
    read_landed,
    record_landed,
    record_reconciled,
    record_rejected,
    rows_before,
)
from tests.support.rows import APPS, AT, DAY, VISIO, count_row, landed


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def land_and_load(conn, report, rows):
    return load_counts(conn, record_landed(conn, report), rows, AT)


def before(conn, report):
    """Rows of the report that a loaded one is judged beside."""
    return rows_before(conn, report.tenant, report.report, report.id, report.refreshed_on)


def test_a_landed_report_comes_back_as_it_was(conn):
    report = landed(etag='"e1"', request_id="r1")
    assert record_landed(conn, report) == report
    assert read_landed(conn, report.id) == report
    assert report.id == f"contoso/user-counts/{report.sha256[:16]}"


def test_the_same_bytes_again_move_only_when_they_were_seen(conn):
    record_landed(conn, landed(etag='"e1"'))
    again = record_landed(conn, landed(etag='"e2"', request_id="r2", hours=24))
    assert again == replace(landed(etag='"e2"', request_id="r2"), seen_at=AT + timedelta(hours=24))


def test_an_older_sight_of_the_same_bytes_moves_nothing(conn):
    record_landed(conn, landed(etag='"e2"', hours=24))
    assert record_landed(conn, landed(etag='"e1"')).etag == '"e2"'


def test_the_newest_report_is_the_one_seen_last_and_not_rejected(conn):
    first = record_landed(conn, landed(content="first"))
    second = record_landed(conn, landed(content="second", hours=24))
    assert newest_landed(conn, "contoso", Report.USER_COUNTS) == second
    record_rejected(conn, second.id, "line 3: a word for a number")
    assert newest_landed(conn, "contoso", Report.USER_COUNTS) == first
    assert read_landed(conn, second.id).rejected == "line 3: a word for a number"
    assert newest_landed(conn, "contoso", Report.USER_DETAIL) is None
    assert newest_landed(conn, "fabrikam", Report.USER_COUNTS) is None


def test_a_report_that_never_landed_is_named_with_the_remedy(conn):
    with pytest.raises(WarehouseError, match=r"no landed report contoso/user-counts/x.*land it first"):
        read_landed(conn, "contoso/user-counts/x")


def test_a_loaded_report_says_what_it_was_loaded_with(conn):
    rows = [count_row(APPS), count_row(VISIO, Counts(3, None, 0))]
    loaded = land_and_load(conn, landed(), rows)
    assert (loaded.refreshed_on, loaded.rows, loaded.loaded_at) == (DAY, 2, AT)
    said = read_reported(conn, loaded.id)
    assert (said.report, said.landed_id, said.refreshed_on, said.rows_total) == (Report.USER_COUNTS, loaded.id, DAY, 2)
    assert said.rows == tuple(rows)


def test_loading_the_same_report_again_ends_in_the_same_rows(conn):
    land_and_load(conn, landed(), [count_row(APPS), count_row(VISIO)])
    loaded = land_and_load(conn, landed(), [count_row(APPS)])  # an alias joined the two, say
    assert read_reported(conn, loaded.id).rows == (count_row(APPS),)
    assert len(conn.execute(select(reported_count)).all()) == 1


def test_loading_a_rejected_report_forgets_the_rejection(conn):
    record_rejected(conn, record_landed(conn, landed()).id, "a bug of ours, since mended")
    assert land_and_load(conn, landed(), [count_row()]).rejected is None


def test_a_report_that_is_not_loaded_says_nothing_yet(conn):
    report = record_landed(conn, landed())
    with pytest.raises(WarehouseError, match=r"is not loaded.*load it first"):
        read_reported(conn, report.id)


def test_an_empty_report_is_held_and_changes_nothing(conn):
    full = land_and_load(conn, landed(content="full"), [count_row()])
    record_reconciled(conn, [full.id], AT)
    empty = record_landed(conn, landed(content="empty", hours=24))
    with pytest.raises(ReportShrankError, match=r"user-counts report has no rows \(the one before it had 1\)"):
        load_counts(conn, empty, [], AT)
    with pytest.raises(ReportShrankError, match=r"has no rows; its bytes are kept"):
        load_platforms(conn, record_landed(conn, landed(Report.PLATFORM_COUNTS)), [], AT)
    assert read_landed(conn, empty.id).loaded_at is None


def test_two_refresh_dates_in_one_report_are_refused(conn):
    rows = [count_row(APPS), count_row(VISIO, on=DAY - timedelta(days=1))]
    with pytest.raises(ReportFormatError, match="2 refresh dates, 2026-11-18 to 2026-11-19"):
        load_counts(conn, record_landed(conn, landed()), rows, AT)


def test_a_report_is_sized_beside_the_one_reconciled_before_it_not_beside_a_held_one(conn):
    sizes = []
    for hours, rows in enumerate([[count_row(APPS), count_row(VISIO)], [count_row(APPS)]]):
        loaded = land_and_load(conn, landed(content=str(hours), hours=hours), rows)
        sizes.append((loaded.rows, before(conn, loaded)))
        record_reconciled(conn, [loaded.id], AT)
        land_and_load(conn, landed(content=f"held {hours}", hours=hours), [count_row(APPS)])
    assert sizes == [(2, None), (1, 2)]


def test_a_report_of_the_past_is_sized_beside_the_nearest_earlier_date_whenever_it_was_seen(conn):
    january, february = DAY - timedelta(days=300), DAY - timedelta(days=270)
    tonight = land_and_load(conn, landed(content="tonight"), [count_row(product) for product in "ABCDEF"])
    first = land_and_load(conn, landed(content="january", hours=1), [count_row("A", on=january)])
    record_reconciled(conn, [tonight.id, first.id], AT)
    second = land_and_load(conn, landed(content="february", hours=2), [count_row(it, on=february) for it in "AB"])
    assert before(conn, second) == 1
    tomorrow = land_and_load(conn, landed(content="tomorrow", hours=3), [count_row("A", on=DAY + timedelta(days=1))])
    assert before(conn, tomorrow) == 6


def test_a_report_that_was_reconciled_is_not_judged_again(conn):
    """Somebody may have approved it."""
    full = land_and_load(conn, landed(content="full"), [count_row(APPS), count_row(VISIO)])
    record_reconciled(conn, [full.id], AT)
    short = land_and_load(conn, landed(content="short", hours=24), [count_row(APPS)])
    assert before(conn, short) == 2

    record_reconciled(conn, [short.id], AT)

    assert before(conn, short) == 1


def test_what_a_person_imported_is_graphs_once_graph_gave_the_same_bytes(conn):
    graphs = record_landed(conn, landed(content="graph's"))
    imported = record_landed(conn, landed(content="by hand", hours=1, source=Source.IMPORT))
    assert newest_landed(conn, "contoso", Report.USER_COUNTS) == graphs
    given = record_landed(conn, landed(content="by hand", hours=2, etag='"e3"'))
    assert (given.id, given.source, given.landed_at) == (imported.id, Source.GRAPH, imported.landed_at)
    assert newest_landed(conn, "contoso", Report.USER_COUNTS) == given


def platforms(conn):
    rows = conn.execute(select(activation_platform_count)).mappings()
    return {(row["product"], row["platform"]): row["activations"] for row in rows}


def test_platforms_are_kept_one_row_each_once_their_run_is_applied(conn):
    report = record_landed(conn, landed(Report.PLATFORM_COUNTS))
    loaded = load_platforms(conn, report, [PlatformRow(DAY, APPS, 7, 5, 0, 1, None)], AT)
    assert (loaded.refreshed_on, loaded.rows) == (DAY, 1)
    assert platforms(conn) == {}
    for _ in range(2):
        apply_reports(conn, [loaded.id], AT)
    assert platforms(conn) == {
        (APPS, "windows"): 7,
        (APPS, "mac"): 5,
        (APPS, "android"): 0,
        (APPS, "ios"): 1,
        (APPS, "windows_10_mobile"): None,
    }


def test_what_was_landed_is_there_for_the_next_run(engine):
    with writing(engine) as conn:
        record_landed(conn, landed())
    with reading(engine) as conn:
        assert newest_landed(conn, "contoso", Report.USER_COUNTS) == landed()
