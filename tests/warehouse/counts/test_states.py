"""What a plan is made from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activation_sync.core.model import NOT_REPORTED, Counts, Key, KeyState, Report, ReportSize
from activation_sync.core.rule.delivery import Answer, AnswerKind
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.counts.states import read_plan_inputs
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.delivery.consequences import record_answer
from activation_sync.warehouse.delivery.outbox import read_pending
from activation_sync.warehouse.reports.loading import ReportedCounts, read_reported, replace_reported
from activation_sync.warehouse.reports.manifest import record_landed, record_loaded, record_reconciled
from tests.support.rows import APPS, AT, DAY, VISIO, by_hand, change, count_row, landed, plan, stamp

DETAIL, COUNTS = Report.USER_DETAIL, Report.USER_COUNTS
EARLIER = DAY - timedelta(days=7)
ONE, TWO = Counts(1, 1, 0), Counts(2, 1, 0)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def load(conn, report, *rows, content="one", hours=0):
    """Land, load and reconcile a report of these rows; user detail as what was derived from it."""
    reported = load_only(conn, report, *rows, content=content, hours=hours)
    record_reconciled(conn, [reported.landed_id], AT)
    return reported


def load_only(conn, report, *rows, content="one", hours=0):
    landing = record_landed(conn, landed(report, content, hours))
    replace_reported(conn, landing, rows)
    record_loaded(conn, landing, rows[0].refreshed_on, len(rows), AT)
    return read_reported(conn, landing.id)


def states(conn, *tonight, counts_from=DETAIL):
    inputs = read_plan_inputs(conn, "contoso", counts_from, tonight)
    return {state.key: state for state in inputs.states}


def test_tonights_reports_give_observed_and_published(conn):
    detail = load(conn, DETAIL, count_row(counts=TWO))
    counts = load(conn, COUNTS, count_row(counts=ONE), content="counts")
    assert states(conn, detail, counts) == {
        Key(DAY, APPS): KeyState(
            Key(DAY, APPS),
            APPS.title(),
            observed=TWO,
            published=ONE,
            is_published=True,
            observed_id=detail.landed_id,
            published_id=counts.landed_id,
        )
    }


def test_counts_may_be_both_observed_and_published(conn):
    counts = load(conn, COUNTS, count_row(counts=ONE))
    state = states(conn, counts, counts_from=COUNTS)[DAY, APPS]
    assert (state.observed, state.published, state.is_published) == (ONE, ONE, True)


def test_a_date_without_a_counts_report_is_not_published(conn):
    state = states(conn, load(conn, DETAIL, count_row()))[DAY, APPS]
    assert (state.published, state.is_published) == (NOT_REPORTED, False)


def test_a_product_the_counts_report_lacks_is_absent_on_a_published_date(conn):
    detail = load(conn, DETAIL, count_row(VISIO))
    counts = load(conn, COUNTS, count_row(APPS), content="counts")
    state = states(conn, detail, counts)[DAY, VISIO]
    assert (state.published, state.is_published) == (NOT_REPORTED, True)


def test_a_preview_needs_nothing_in_the_warehouse(conn):
    tonight = ReportedCounts(DETAIL, "contoso/user-detail/x", DAY, 70, (count_row(counts=TWO),))
    load(conn, DETAIL, count_row(counts=ONE), count_row(VISIO))
    inputs = read_plan_inputs(conn, "contoso", DETAIL, [tonight])
    assert [(state.key.product, state.observed) for state in inputs.states] == [(APPS, TWO)]
    assert inputs.sizes == (ReportSize(DETAIL, DAY, 70, rows_before=2),)
    assert (inputs.observed_on, inputs.newest_reconciled_on) == (DAY, None)


def test_a_row_a_person_added_is_looked_at(conn):
    by_hand(conn, VISIO, assigned=4)
    assert states(conn, load(conn, DETAIL, count_row()))[DAY, VISIO].warehouse == Counts(4, None, None)


def test_dates_reconciled_before_are_looked_at_again_with_their_newest_reports(conn):
    apply_plan(conn, plan(change(ONE, on=EARLIER)), stamp("r"))
    load(conn, DETAIL, count_row(counts=ONE, on=EARLIER), content="first")
    restated = load(conn, DETAIL, count_row(counts=TWO, on=EARLIER), content="second", hours=24)
    load_only(conn, DETAIL, count_row(counts=Counts(9, 9, 9), on=EARLIER), content="held", hours=48)
    state = states(conn)[EARLIER, APPS]
    assert (state.warehouse, state.agreed, state.observed) == (ONE, ONE, TWO)
    assert state.observed_id == restated.landed_id


def test_a_product_gone_from_the_newest_report_is_not_observed(conn):
    apply_plan(conn, plan(change(ONE)), stamp("r"))
    load(conn, DETAIL, count_row(APPS), count_row(VISIO), content="first")
    load(conn, DETAIL, count_row(VISIO), content="second", hours=24)
    assert states(conn)[DAY, APPS].observed == NOT_REPORTED


def test_dates_never_reconciled_are_left_alone(conn):
    by_hand(conn, VISIO, EARLIER, assigned=4)
    load_only(conn, DETAIL, count_row(on=EARLIER))
    tonight = load(conn, DETAIL, count_row(), content="tonight")
    assert {key.refreshed_on for key in states(conn, tonight)} == {DAY}


def test_a_date_that_was_nothing_but_conflicts_is_looked_at_again(conn):
    by_hand(conn, APPS, EARLIER, assigned=4)
    load(conn, DETAIL, count_row(on=EARLIER))
    assert states(conn).keys() == {Key(EARLIER, APPS)}


def test_another_tenant_is_not_looked_at(conn):
    tonight = load(conn, DETAIL, count_row())
    by_hand(conn, VISIO, assigned=4)
    conn.exec_driver_sql("UPDATE activation_user_count SET tenant = 'fabrikam'")
    assert states(conn, tonight).keys() == {Key(DAY, APPS)}


def test_what_was_remembered_comes_back(conn):
    before = change(TWO, observed=TWO, published=ONE, is_published=True)
    apply_plan(conn, plan(before), stamp("r"))
    acknowledged = Answer(AnswerKind.ACKNOWLEDGED, 200, graph_id="g-1")
    record_answer(conn, read_pending(conn, "contoso")[0], acknowledged, stamp("r"))
    assert states(conn)[DAY, APPS] == KeyState(
        Key(DAY, APPS),
        APPS.title(),
        warehouse=TWO,
        agreed=TWO,
        observed_seen=TWO,
        acknowledged=TWO,
        published_seen=ONE,
        graph_id="g-1",
    )


def refuse(conn, settled):
    apply_plan(conn, plan(change(settled, is_written=False, published=ONE)), stamp("r"))
    row = read_pending(conn, "contoso")[0]
    record_answer(conn, row, Answer(AnswerKind.REFUSED, 400), stamp("r"))


def test_a_dead_letter_says_what_was_refused_until_something_newer_replaces_it(conn):
    refuse(conn, TWO)
    state = states(conn)[DAY, APPS]
    assert (state.refused, state.refused_published) == (TWO, ONE)
    apply_plan(conn, plan(change(ONE, is_written=False)), stamp("r2"))
    assert states(conn)[DAY, APPS].refused is None


def test_an_update_that_waits_in_the_outbox_is_known_until_graph_has_answered(conn):
    apply_plan(conn, plan(change(TWO, published=ONE)), stamp("r"))
    state = states(conn)[DAY, APPS]
    assert (state.queued, state.queued_published, state.refused) == (TWO, ONE, None)
    record_answer(conn, read_pending(conn, "contoso")[0], Answer(AnswerKind.ACKNOWLEDGED, 200), stamp("r"))
    assert states(conn)[DAY, APPS].queued is None


def test_the_spelling_of_the_counts_report_is_what_a_patch_will_name(conn):
    detail = load(conn, DETAIL, count_row())
    counts = load(conn, COUNTS, replace(count_row(), product_type="As Graph spells it"), content="counts")
    assert states(conn, detail, counts)[DAY, APPS].product_type == "As Graph spells it"
    assert states(conn, detail)[DAY, APPS].product_type == "As Graph spells it"
