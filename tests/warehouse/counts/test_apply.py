"""A plan is applied in one transaction, once, and never over somebody's edit."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from activation_sync.core.model import NOT_REPORTED, Counts, Decision
from activation_sync.core.rule.delivery import Answer, AnswerKind
from activation_sync.errors import PlanMovedError
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import open_engine, reading, writing
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.schema import migrate
from activation_sync.warehouse.database.tables import activation_user_count, ledger, outbox, sync_base
from activation_sync.warehouse.delivery.consequences import record_answer
from activation_sync.warehouse.delivery.outbox import count_by_state, read_pending
from activation_sync.warehouse.ledger.ledger import read_why
from tests.support.rows import APPS, AT, DAY, SETTLED, VISIO, base, by_hand, change, plan, stamp

PENDING, ACKNOWLEDGED, SUPERSEDED, DEAD = OutboxState
ONE, TWO = Counts(1, 1, 0), Counts(2, 1, 0)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def apply(conn, *changes, run_id="run-1", hours=0):
    apply_plan(conn, plan(*changes), stamp(run_id, AT + timedelta(hours=hours)))


def warehouse(conn):
    rows = conn.execute(select(activation_user_count)).mappings()
    return {row["product"]: (counts_of(row), row["updated_by"]) for row in rows}


def pending(conn):
    return {row.update.key.product: row.update.counts for row in read_pending(conn, "contoso")}


def test_a_pull_is_written_remembered_noted_and_pushed(conn):
    apply(conn, change(TWO, observed=TWO, published=ONE))
    assert warehouse(conn) == {APPS: (TWO, "nightly")}
    assert counts_of(base(conn), "agreed_") == counts_of(base(conn), "observed_seen_") == TWO
    assert counts_of(base(conn), "acknowledged_") == NOT_REPORTED
    assert pending(conn) == {APPS: TWO}
    assert [(row.measure, row.observed, row.published, row.rule, row.settled) for row in noted(conn)] == [
        ("assigned", 2, 1, "pull", 2),
        ("activated", 1, 1, "pull", 1),
        ("shared_computer_activation", 0, 0, "pull", 0),
    ]


def noted(conn, product=APPS):
    return read_why(conn, "contoso", product)


def test_an_edited_row_is_written_and_a_correction_is_left_as_it_is(conn):
    by_hand(conn, APPS, assigned=1, activated=1, shared_computer_activation=0)
    by_hand(conn, VISIO, assigned=2, activated=1, shared_computer_activation=0)
    correction = change(TWO, product=VISIO, decision=Decision.ADOPT, is_written=False, warehouse=TWO)
    apply(conn, change(TWO, warehouse=ONE), correction)
    assert warehouse(conn)[APPS] == (TWO, "nightly")
    assert warehouse(conn)[VISIO][0] == TWO
    assert warehouse(conn)[VISIO][1] != "nightly"
    assert counts_of(base(conn, VISIO), "agreed_") == TWO


def test_what_was_not_observed_tonight_stays_remembered(conn):
    apply(conn, change(TWO, observed=TWO, observed_seen=ONE))
    assert counts_of(base(conn), "observed_seen_") == TWO
    later = change(TWO, is_written=False, warehouse=TWO, agreed=TWO, observed=Counts(5, None, None), observed_seen=TWO)
    apply(conn, later, run_id="run-2")
    assert counts_of(base(conn), "observed_seen_") == Counts(5, 1, 0)


@pytest.mark.parametrize(
    ("present", "seen"),
    [
        pytest.param(ONE, NOT_REPORTED, id="somebody-added-it"),
        pytest.param(ONE, TWO, id="somebody-edited-it"),
        pytest.param(None, TWO, id="somebody-deleted-it"),
    ],
)
@pytest.mark.parametrize("is_written", [True, False], ids=["written", "adopted"])
def test_a_row_edited_since_the_plan_was_made_stops_everything(engine, present, seen, is_written):
    if present is not None:
        with writing(engine) as conn:
            values = dict(zip(("assigned", "activated", "shared_computer_activation"), present, strict=True))
            by_hand(conn, APPS, **values)
    changes = (change(product=VISIO), change(SETTLED, warehouse=seen, is_written=is_written))
    with (
        pytest.raises(PlanMovedError, match=r"edited in the warehouse.*1 of 2 rows of contoso.*plan again"),
        writing(engine) as conn,
    ):
        apply(conn, *changes)
    with reading(engine) as conn:
        assert [conn.execute(select(table)).all() for table in (sync_base, outbox, ledger)] == [[], [], []]
        assert VISIO not in warehouse(conn)


def is_waiting(engine):
    with engine.connect() as conn:
        return conn.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) > 0


def test_a_row_added_while_the_plan_is_applied_stays_and_stops_it(postgres_url):
    """Only PostgreSQL lets two writers go that far; a row that is not there yet cannot be locked."""
    engine = open_engine(postgres_url, lock_timeout_s=60)
    migrate(engine)

    def apply_in_its_own_transaction():
        with writing(engine) as conn:
            apply(conn, change(TWO))

    with ThreadPoolExecutor() as pool:
        with engine.begin() as person:
            by_hand(person, APPS, assigned=1)
            applying = pool.submit(apply_in_its_own_transaction)
            while not is_waiting(engine) and not applying.done():
                pass
        with pytest.raises(PlanMovedError):
            applying.result()
    with reading(engine) as conn:
        assert warehouse(conn)[APPS][0] == Counts(1, None, None)
    engine.dispose()


def test_a_held_conflict_is_noted_and_moves_nothing(conn):
    by_hand(conn, APPS, assigned=1, activated=1, shared_computer_activation=0)
    conflict = change(
        ONE, decision=Decision.CONFLICT, is_written=False, is_pushed=False, warehouse=ONE, observed=TWO, agreed=SETTLED
    )
    apply(conn, conflict)
    assert [row.rule for row in noted(conn)] == ["conflict"] * 3
    assert conn.execute(select(sync_base)).all() == []
    assert pending(conn) == {}
    assert warehouse(conn)[APPS][0] == ONE


def test_what_was_pending_for_a_conflict_is_not_sent(conn):
    apply(conn, change(TWO))
    conflict = change(TWO, decision=Decision.CONFLICT, is_written=False, is_pushed=False, warehouse=TWO)
    apply(conn, conflict, run_id="run-2")
    assert pending(conn) == {}
    assert counts_of(base(conn), "agreed_") == TWO


def test_a_newer_value_supersedes_the_pending_one(conn):
    apply(conn, change(ONE))
    apply(conn, change(TWO, warehouse=ONE), run_id="run-2")
    assert pending(conn) == {APPS: TWO}
    assert count_by_state(conn, "contoso") == {PENDING: 1, ACKNOWLEDGED: 0, SUPERSEDED: 1, DEAD: 0}


def test_a_pending_row_that_says_the_same_stays_as_it_is(conn):
    apply(conn, change(ONE))
    before = read_pending(conn, "contoso")
    again = change(ONE, decision=Decision.KEEP, warehouse=ONE, is_written=False)
    apply(conn, again, run_id="run-2", hours=24)
    assert read_pending(conn, "contoso") == before


def test_a_pending_row_planned_against_another_report_is_planned_anew(conn):
    apply(conn, change(ONE))
    again = change(ONE, warehouse=ONE, is_written=False, published=TWO)
    apply(conn, again, run_id="run-2")
    assert count_by_state(conn, "contoso")[SUPERSEDED] == 1
    assert conn.scalars(select(outbox.c.published_assigned).order_by(outbox.c.id)).all() == [None, 2]


def test_a_pending_row_that_is_needed_no_more_is_withdrawn(conn):
    apply(conn, change(ONE), change(TWO, product=VISIO))
    apply(conn, change(ONE, warehouse=ONE, is_written=False, is_pushed=False), run_id="run-2")
    assert pending(conn) == {VISIO: TWO}


def test_a_dead_letter_that_gets_a_second_chance_is_dead_no_more(conn):
    apply(conn, change(ONE))
    record_answer(conn, read_pending(conn, "contoso")[0], Answer(AnswerKind.REFUSED, 400), stamp("run-1"))
    apply(conn, change(TWO, warehouse=ONE), run_id="run-2")
    assert count_by_state(conn, "contoso") == {PENDING: 1, ACKNOWLEDGED: 0, SUPERSEDED: 1, DEAD: 0}


def test_applying_the_same_plan_again_ends_in_the_same_rows(conn):
    adopted = change(ONE, decision=Decision.ADOPT, is_written=False, warehouse=ONE)
    by_hand(conn, APPS, assigned=1, activated=1, shared_computer_activation=0)
    ends = []
    for hours in range(2):
        apply(conn, adopted, hours=hours)
        ends.append([conn.execute(select(table)).all() for table in (activation_user_count, sync_base, outbox, ledger)])
    assert ends[0] == ends[1]


def test_a_later_attempt_of_the_same_run_notes_what_it_decided_then(conn):
    apply(conn, change(ONE))
    apply(conn, change(TWO, warehouse=ONE), hours=24)
    assert [row.settled for row in noted(conn) if row.measure == "assigned"] == [1, 2]


def test_a_decision_names_the_reports_it_rests_on_and_the_update_it_led_to(conn):
    rests = change(ONE)
    rests = replace(rests, state=replace(rests.state, observed_id="detail-1", published_id="counts-1"))
    apply(conn, rests)
    row = noted(conn)[0]
    assert (row.observed_id, row.published_id) == ("detail-1", "counts-1")
    assert row.outbox_id == read_pending(conn, "contoso")[0].id


def test_a_plan_without_changes_is_applied_too(conn):
    apply(conn)
    assert noted(conn) == []
    assert conn.execute(select(sync_base).where(sync_base.c.refreshed_on == DAY)).all() == []
