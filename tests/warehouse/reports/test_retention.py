"""An old landed report goes, unless something open needs it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from activation_sync.core.model import Decision, Report
from activation_sync.core.rule.delivery import Answer, AnswerKind
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.tables import loaded_user_detail, reported_count
from activation_sync.warehouse.delivery.consequences import record_answer
from activation_sync.warehouse.delivery.outbox import mark_in_doubt, read_pending
from activation_sync.warehouse.reports.detail import load_detail
from activation_sync.warehouse.reports.keeping import apply_reports
from activation_sync.warehouse.reports.loading import load_counts
from activation_sync.warehouse.reports.manifest import read_landed, record_landed, record_rejected
from activation_sync.warehouse.reports.retention import read_expiring, read_kept_paths, record_expired
from tests.support.rows import AT, DAY, SETTLED, Counted, change, count_row, detail_row, landed, plan, stamp

LATER = AT + timedelta(days=365)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def land(conn, content, *, days, is_reconciled=True):
    """Land, load and reconcile a counts report of its own refresh date."""
    report = record_landed(conn, landed(content=content, hours=24 * days))
    load_counts(conn, report, [count_row(on=DAY + timedelta(days=days))], AT)
    if is_reconciled:
        apply_reports(conn, [report.id], AT)
    return report


def apply(conn, *changes, hours=0):
    apply_plan(conn, plan(*changes), stamp(f"run-{hours}", AT + timedelta(hours=hours)))


def expiring(conn, before=LATER):
    return [report.id for report in read_expiring(conn, "contoso", before)]


def test_old_reports_go_and_the_newest_of_a_kind_stays(conn):
    old, newer, newest = (land(conn, f"{days}", days=days) for days in range(3))
    assert expiring(conn) == [old.id, newer.id]
    assert expiring(conn, newer.seen_at) == [old.id]
    assert newest.path in read_kept_paths(conn, "contoso")


def test_another_tenants_reports_are_none_of_ours(conn):
    land(conn, "a", days=0)
    land(conn, "b", days=1)
    assert read_expiring(conn, "fabrikam", LATER) == []


def test_an_expired_report_keeps_its_row_and_its_counts_and_goes_only_once(conn):
    old = land(conn, "old", days=0)
    land(conn, "new", days=1)
    record_expired(conn, [old.id], LATER)
    assert expiring(conn) == []
    assert old.path not in read_kept_paths(conn, "contoso")
    assert (read_landed(conn, old.id).expired_at, read_landed(conn, old.id).rows) == (LATER, 1)
    of_old = select(func.count()).select_from(reported_count).where(reported_count.c.raw_report_id == old.id)
    assert conn.scalar(of_old) == 1


def test_a_report_that_graph_gives_again_is_expired_no_more(conn):
    old = land(conn, "old", days=0)
    land(conn, "new", days=1)
    record_expired(conn, [old.id], LATER)
    again = record_landed(conn, landed(content="old", hours=48))
    assert (again.expired_at, again.loaded_at) == (None, None)
    assert old.path in read_kept_paths(conn, "contoso")


def test_a_report_that_a_held_run_may_be_approved_for_stays(conn):
    reconciled = land(conn, "a", days=0)
    land(conn, "b", days=1, is_reconciled=False)
    record_rejected(conn, land(conn, "c", days=2, is_reconciled=False).id, "the line ends in the middle")
    assert expiring(conn) == []
    later = land(conn, "d", days=3)
    assert len(expiring(conn)) == 3
    assert reconciled.id in expiring(conn)
    assert later.id not in expiring(conn)


def leave_pending(conn):
    apply(conn, change())


def leave_dead(conn):
    leave_pending(conn)
    record_answer(conn, read_pending(conn, "contoso")[0], Answer(AnswerKind.REFUSED, 400), stamp("r"))


def leave_in_doubt(conn):
    leave_pending(conn)
    mark_in_doubt(conn, read_pending(conn, "contoso"), stamp("r"))
    apply(conn, change(is_written=False, is_pushed=False, warehouse=SETTLED), hours=1)


def leave_conflict(conn):
    apply(conn, change(decision=Decision.CONFLICT, is_written=False, is_pushed=False))


def settle(conn):
    leave_conflict(conn)
    apply(conn, change(is_pushed=False), hours=1)


@pytest.mark.parametrize(
    ("leave", "is_needed"),
    [(leave_pending, True), (leave_dead, True), (leave_in_doubt, True), (leave_conflict, True), (settle, False)],
)
def test_a_report_of_a_date_with_something_open_stays(conn, leave, is_needed):
    old = land(conn, "old", days=0)
    land(conn, "new", days=1)
    leave(conn)
    assert expiring(conn) == ([] if is_needed else [old.id])


def test_the_report_whose_user_detail_people_see_stays(conn):
    shown, unseen = (record_landed(conn, landed(Report.USER_DETAIL, name, hours)) for hours, name in enumerate("ab"))
    for report in (shown, unseen):
        counted = Counted()
        load_detail(conn, report, counted.through([detail_row("a user")]), counted, AT)
    apply_reports(conn, [shown.id], AT)
    land(conn, "new", days=1)
    assert expiring(conn) == []


def test_loaded_detail_goes_with_its_report(conn):
    report = record_landed(conn, landed(Report.USER_DETAIL))
    counted = Counted()
    load_detail(conn, report, counted.through([detail_row("a user")]), counted, AT)
    record_expired(conn, [report.id], LATER)
    assert conn.execute(select(loaded_user_detail)).all() == []
    assert read_landed(conn, report.id).loaded_at is None
