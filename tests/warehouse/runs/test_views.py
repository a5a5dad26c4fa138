"""What the views for BI say, on both databases, of a few known rows; and that their page says the same."""

import re
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from activation_sync.core.model import CountRow, Counts, Decision, Report
from activation_sync.core.pages.bi_rows import CorrectedCount, DailyCount
from activation_sync.core.rule.delivery import Answer, AnswerKind, Delivery, Verification
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.delivery.consequences import record_answer
from activation_sync.warehouse.delivery.outbox import mark_in_doubt, read_pending
from activation_sync.warehouse.reports.loading import load_counts
from activation_sync.warehouse.reports.manifest import record_landed, record_reconciled
from activation_sync.warehouse.runs import views
from activation_sync.warehouse.runs.runs import record_run, record_run_started
from activation_sync.warehouse.runs.views import VIEWS
from tests.support.rows import APPS, AT, DAY, SETTLED, VISIO, by_hand, change, count_row, landed, plan, stamp

PAGE = Path(views.__file__).parents[1] / "VIEWS.md"
TENANT = "contoso"
PLANNED = PlanView(TENANT, "d1", DAY)


@pytest.fixture
def conn(engine: Engine):
    with engine.begin() as conn:
        yield conn


def documented() -> dict[str, list[str]]:
    """Each view of the page with its columns, in order."""
    _, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    return {section.split("\n", 1)[0]: re.findall(r"^\| `(\w+)` \|", section, re.M) for section in sections}


def report(conn: Connection, *rows: CountRow, content: str = "one", hours: int = 0, is_reconciled: bool = True) -> str:
    """A counts report that landed and, unless held, was applied; returns its id."""
    arrived = landed(Report.USER_COUNTS, content, hours)
    record_landed(conn, arrived)
    load_counts(conn, arrived, rows, AT)
    if is_reconciled:
        record_reconciled(conn, [arrived.id], AT)
    return arrived.id


def run(conn: Connection, run_id: str = "r1", as_of: date = date(2026, 11, 21), **said: object) -> None:
    """A run that started at AT and ended 90 seconds later."""
    record_run_started(conn, TENANT, as_of, stamp(run_id))
    summary = RunSummary(PLANNED, run_id, as_of, Outcome.DONE)
    record_run(conn, replace(summary, **said), at=AT + timedelta(seconds=90))


def test_the_page_names_every_column_of_every_view_in_order(engine):
    found = inspect(engine)
    there = {view: [column["name"] for column in found.get_columns(view)] for view in found.get_view_names()}
    assert documented() == {view: columns for view, columns in there.items() if view.startswith("bi_")}


def test_a_class_of_the_history_has_the_fields_its_view_has_columns():
    assert {view.name: [field.name for field in fields(kind)] for kind, view in VIEWS.items()} == documented()


def test_a_view_can_be_read_without_rows(engine):
    with reading(engine) as conn:
        assert [conn.execute(view.select()).all() for view in VIEWS.values()] == [[]] * len(VIEWS)


@pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)
def test_no_view_of_the_page_uses_a_users_name(conn):
    names = "column_name IN ('user_principal_name', 'display_name')"
    users = conn.execute(text(f"SELECT view_name FROM information_schema.view_column_usage WHERE {names}")).scalars()  # noqa: S608
    assert set(users) == {"activation_user_detail"}


def test_adoption_share_is_activated_of_assigned_and_unknown_where_nothing_is_assigned(conn):
    by_hand(conn, "A", assigned=8, activated=6)
    by_hand(conn, "B", assigned=0, activated=2)
    by_hand(conn, "C", activated=2)
    by_hand(conn, "D", assigned=4, activated=5)
    by_hand(conn, "E", assigned=4)
    shares = {row.product: row.adoption_share for row in views.read_daily_counts(conn, TENANT, dates=9)}
    assert shares == {"A": 0.75, "B": None, "C": None, "D": 1.25, "E": None}


def test_only_the_newest_refresh_dates_are_read_and_the_oldest_comes_first(conn):
    for days in range(4):
        by_hand(conn, on=DAY + timedelta(days=days), assigned=days)
    found = views.read_daily_counts(conn, TENANT, dates=2)
    assert [(row.refreshed_on - DAY).days for row in found] == [2, 3]
    assert isinstance(found[0], DailyCount)
    assert found[0].updated_at.tzinfo is not None


def test_a_month_ends_for_each_product_on_its_own_last_refresh_date(conn):
    days = [(29, APPS, 10), (30, APPS, 12), (28, VISIO, 5)]
    for day, product, assigned in days:
        by_hand(conn, product, date(2026, 11, day), assigned=assigned, activated=3)
    by_hand(conn, APPS, date(2026, 12, 4), assigned=20)
    ends = views.read_month_ends(conn, TENANT)
    assert [(row.month, row.product, row.refreshed_on.day, row.assigned) for row in ends] == [
        ("2026-11", APPS, 30, 12),
        ("2026-11", VISIO, 28, 5),
        ("2026-12", APPS, 4, 20),
    ]
    assert [row.days_before_month_end for row in ends] == [0, 2, 27]
    assert ends[1].tenant_refreshed_on == date(2026, 11, 30)
    assert ends[0].adoption_share == 0.25
    assert views.read_month_ends(conn, TENANT, "2026-12") == ends[2:]


def test_a_month_end_names_the_landed_report_of_its_last_decision(conn):
    observed_id = report(conn, count_row())
    apply_plan(conn, plan(change(observed_id=observed_id)), stamp("r1"))
    [end] = views.read_month_ends(conn, TENANT)
    assert (end.observed_id, end.updated_by) == (observed_id, "nightly")


def test_run_health_says_how_long_how_old_and_how_much(conn):
    delivery, read_back = Delivery(acknowledged=3, pending=1, throttled_s=12.5), Verification(2, 1)
    planned = replace(PLANNED, written=4, pushed=5, conflicts=1)
    run(conn, plan=planned, dead_letters=2, is_stale=True, delivery=delivery, verification=read_back)
    [health] = views.read_run_health(conn, TENANT, limit=9)
    assert health.duration_s == pytest.approx(90, abs=0.01)
    assert (health.throttled_s, health.report_age_days, health.is_stale) == (12.5, 2, True)
    assert (health.written, health.pushed, health.acknowledged, health.pending) == (4, 5, 3, 1)
    assert (health.read_back_equal, health.read_back_different) == (2, 1)
    assert (health.conflicts, health.dead_letters, health.outcome, health.error) == (1, 2, "done", "")


def test_a_report_dated_ahead_of_its_run_is_0_days_old(conn):
    run(conn, plan=replace(PLANNED, observed_on=DAY + timedelta(days=9)))
    [health] = views.read_run_health(conn, TENANT, limit=9)
    assert health.report_age_days == 0


def test_a_run_that_was_killed_has_no_end_and_a_held_one_its_reason(conn):
    record_run_started(conn, TENANT, DAY, stamp("killed", AT + timedelta(hours=1)))
    run(conn, "held", outcome=Outcome.HELD, plan=replace(PLANNED, observed_on=None), error="too much")
    killed, held = views.read_run_health(conn, TENANT, limit=9)
    assert (killed.outcome, killed.duration_s, killed.written, killed.is_stale) == (None, None, None, None)
    assert (held.outcome, held.report_age_days, held.error) == ("held", None, "too much")


def test_nightly_drift_is_what_the_first_sync_of_a_night_found(conn):
    night = date(2026, 11, 21)
    apart = change(published=Counts(10, 9, 2), is_published=True)
    run(conn, "r0", night, plan=PlanView(TENANT))  # held: it had no plan to speak of
    for run_id in ("r1", "r2"):
        run(conn, run_id, night)
        conn.execute(text("DELETE FROM activation_user_count"))
        apply_plan(conn, plan(apart), stamp(run_id))
    run(conn, "r3", night + timedelta(days=1))
    first, second = views.read_nightly_drift(conn, TENANT, nights=9)
    assert (first.as_of, first.rows_apart, first.assigned_users, first.activated_users) == (night, 1, 2, 0)
    assert (second.rows_apart, second.assigned_users) == (0, 0)


def drift(conn: Connection) -> tuple[str, int | None, int | None]:
    [row] = conn.execute(text("SELECT state, published_assigned, drift_assigned FROM bi_drift")).all()
    return tuple(row)


def test_drift_follows_the_report_then_the_acknowledgement_then_the_report_that_moved(conn):
    apply_plan(conn, plan(change(published=Counts(10, 8, 2))), stamp("r1"))
    assert drift(conn) == ("unknown", None, None)

    report(conn, count_row(counts=Counts(10, 8, 2)))
    assert drift(conn) == ("apart", 10, 2)

    [row] = read_pending(conn, TENANT)
    mark_in_doubt(conn, [row], stamp("r1"))
    assert drift(conn) == ("in doubt", None, None)

    record_answer(conn, row, Answer(AnswerKind.ACKNOWLEDGED, 200), stamp("r1"))
    assert drift(conn) == ("equal", SETTLED.assigned, 0)
    assert views.read_drift(conn, TENANT, limit=9) == []

    report(conn, count_row(counts=Counts(11, 9, 2)), content="moved", hours=1)
    assert drift(conn) == ("apart", 11, 1)


def test_a_report_whose_run_was_held_does_not_count_as_published(conn):
    report(conn, count_row(counts=SETTLED))
    by_hand(conn, assigned=SETTLED.assigned)
    report(conn, count_row(counts=Counts(1, 1, 1)), content="cut", hours=1, is_reconciled=False)
    assert drift(conn) == ("equal", SETTLED.assigned, 0)


def test_a_restatement_shows_the_first_and_the_newest_word_on_a_date(conn):
    report(conn, count_row(counts=Counts(10, 8, 2)), count_row("SAME", Counts(1, 1, 1)))
    report(conn, count_row(counts=Counts(11, 8, 2)), count_row("SAME", Counts(1, 1, 1)), content="two", hours=1)
    newest = [count_row(counts=Counts(13, 8, 2)), count_row("SAME", Counts(1, 1, 1)), count_row(VISIO, Counts(3, 0, 0))]
    newest_id = report(conn, *newest, content="three", hours=2)
    apps, visio = views.read_restatements(conn, TENANT, limit=9)
    assert (apps.product, apps.first_assigned, apps.newest_assigned, apps.versions) == (APPS, 10, 13, 3)
    assert (visio.product, visio.first_assigned, visio.newest_assigned) == (VISIO, None, 3)
    assert (apps.newest_id, apps.newest_reconciled_at) == (newest_id, AT)


def test_a_report_that_no_run_applied_restates_nothing(conn):
    report(conn, count_row(counts=Counts(10, 8, 2)))
    report(conn, count_row(counts=Counts(1, 1, 1)), content="cut", hours=1, is_reconciled=False)
    assert views.read_restatements(conn, TENANT, limit=9) == []


def test_what_we_sent_is_not_microsofts_restatement_but_what_moves_beside_it_is(conn):
    report(conn, count_row(counts=Counts(10, 8, 2)))
    apply_plan(conn, plan(change(published=Counts(10, 8, 2))), stamp("r1"))
    [row] = read_pending(conn, TENANT)
    mark_in_doubt(conn, [row], stamp("r1"))

    report(conn, count_row(counts=SETTLED), content="ours", hours=1)
    assert views.read_restatements(conn, TENANT, limit=9) == []

    report(conn, count_row(counts=SETTLED._replace(activated=7)), content="theirs", hours=2)
    [restated] = views.read_restatements(conn, TENANT, limit=9)
    assert (restated.first_activated, restated.newest_activated) == (8, 7)


def test_an_update_that_never_left_does_not_explain_what_graph_says(conn):
    report(conn, count_row(counts=Counts(10, 8, 2)))
    apply_plan(conn, plan(change(published=Counts(10, 8, 2))), stamp("r1"))
    report(conn, count_row(counts=SETTLED), content="theirs", hours=1)
    [restated] = views.read_restatements(conn, TENANT, limit=9)
    assert restated.newest_assigned == SETTLED.assigned


def test_a_persons_value_is_marked_as_long_as_it_is_not_what_the_usage_data_says(conn):
    apply_plan(conn, plan(change(observed=SETTLED), change(product=VISIO, observed=SETTLED)), stamp("r1"))
    assert views.read_corrected(conn, TENANT, DAY) == []

    conn.execute(text(f"UPDATE activation_user_count SET assigned = 99 WHERE product = '{APPS}'"))  # noqa: S608  ours
    adopted = change(Counts(99, 9, 2), decision=Decision.ADOPT, observed=SETTLED, warehouse=Counts(99, 9, 2))
    apply_plan(conn, plan(adopted), stamp("r2"))
    assert views.read_corrected(conn, TENANT, DAY) == [CorrectedCount(DAY, APPS, "assigned")]
    assert views.read_corrected(conn, TENANT, DAY + timedelta(days=1)) == []


@pytest.fixture
def conflict(conn: Connection):
    """Agreed were 12, 9 and 2 users; then a person corrected the first, and the usage data moved apart from it."""
    apply_plan(conn, plan(change()), stamp("r1"))
    conn.execute(text("UPDATE activation_user_count SET assigned = 15"))
    corrected = Counts(15, 9, 2)
    sides = {"warehouse": corrected, "observed": Counts(14, 9, 2), "agreed": SETTLED}
    apart = change(corrected, decision=Decision.CONFLICT, is_written=False, is_pushed=False, **sides)
    apply_plan(conn, plan(apart), stamp("r2"))


def test_a_conflict_shows_what_was_agreed_and_both_sides(conn, conflict):
    [row] = views.read_open_conflicts(conn, TENANT, limit=9)
    assert (row.product, row.measure, row.agreed, row.observed, row.warehouse) == (APPS, "assigned", 12, 14, 15)
    assert (row.run_id, row.found_at) == ("r2", AT)


def test_a_conflict_found_again_is_shown_once_whatever_other_runs_did_since(conn, conflict):
    sides = {"warehouse": Counts(15, 9, 2), "observed": Counts(16, 9, 2), "agreed": SETTLED}
    again = change(Counts(15, 9, 2), decision=Decision.CONFLICT, is_written=False, is_pushed=False, **sides)
    apply_plan(conn, plan(again), stamp("r3"))
    apply_plan(conn, plan(change(product=VISIO)), stamp("r4"))
    assert [(row.observed, row.run_id) for row in views.read_open_conflicts(conn, TENANT, limit=9)] == [(16, "r3")]


def test_a_conflict_that_was_decided_is_no_longer_open(conn, conflict):
    decided = change(Counts(15, 9, 2), decision=Decision.ADOPT, is_written=False, warehouse=Counts(15, 9, 2))
    apply_plan(conn, plan(decided), stamp("by-hand").by("a person"))
    assert views.read_open_conflicts(conn, TENANT, limit=9) == []


def test_a_correction_that_was_taken_back_ends_its_conflict(conn, conflict):
    conn.execute(text("UPDATE activation_user_count SET assigned = 12"))
    assert views.read_open_conflicts(conn, TENANT, limit=9) == []


@pytest.mark.parametrize(
    ("said", "is_open"),
    [
        pytest.param(14, True, id="moved on"),
        pytest.param(11, False, id="back to what was seen"),
        pytest.param(12, False, id="moved to the correction"),
    ],
)
def test_a_conflict_about_a_correction_that_stands_is_open_while_the_report_says_otherwise(conn, said, is_open):
    """The warehouse holds what was agreed, 12, and the report showed 11 then."""
    newest = report(conn, count_row(counts=Counts(said, 9, 2)))
    apply_plan(conn, plan(change(SETTLED, observed=Counts(11, 9, 2), decision=Decision.ADOPT)), stamp("r1"))
    stands = {"warehouse": SETTLED, "agreed": SETTLED, "observed": Counts(14, 9, 2), "observed_id": newest}
    apply_plan(conn, plan(change(SETTLED, decision=Decision.CONFLICT, is_written=False, **stands)), stamp("r2"))

    found = views.read_open_conflicts(conn, TENANT, limit=9)
    assert [(row.agreed, row.warehouse, row.run_id) for row in found] == [(12, 12, "r2")] * is_open


def test_a_dead_letter_is_shown_with_graphs_answer_until_it_is_replaced(conn):
    apply_plan(conn, plan(change()), stamp("r1"))
    [row] = read_pending(conn, TENANT)
    refusal = Answer(AnswerKind.REFUSED, 400, "no such row", request_id="q1")
    record_answer(conn, row, refusal, stamp("r1", AT + timedelta(minutes=1)))
    [letter] = views.read_open_dead_letters(conn, TENANT, limit=9)
    assert (letter.assigned, letter.status, letter.request_id, letter.answer) == (12, 400, "q1", "no such row")
    assert (letter.created_at, letter.refused_at) == (AT, AT + timedelta(minutes=1))

    again = change(settled=Counts(13, 9, 2), warehouse=SETTLED)
    apply_plan(conn, plan(again), stamp("r2"))
    assert views.read_open_dead_letters(conn, TENANT, limit=9) == []
