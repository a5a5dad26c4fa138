"""Every answer of Graph has its consequence."""

import json

import pytest
from sqlalchemy import select

from activation_sync.core.model import Counts, Key, Measure
from activation_sync.core.rule.delivery import Answer, AnswerKind, GraphRow, LeftOver, Verification
from activation_sync.graph.answers import judge_patch
from activation_sync.graph.wire import read_reply
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.tables import outbox
from activation_sync.warehouse.delivery.consequences import read_delivery, record_answer, record_read_back
from activation_sync.warehouse.delivery.outbox import (
    count_by_state,
    mark_in_doubt,
    read_acknowledged,
    read_dead,
    read_pending,
)
from activation_sync.warehouse.ledger.ledger import read_why
from tests.support.rows import APPS, AT, DAY, VISIO, base, change, count_row, plan, stamp

BEFORE, SENT = Counts(10, 8, 2), Counts(12, 9, 2)
KINDS = AnswerKind


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def plan_push(conn, settled=SENT, product=APPS, run_id="run-1", **state):
    apply_plan(conn, plan(change(settled, product=product, published=BEFORE, **state)), stamp(run_id))
    return read_pending(conn, "contoso")[-1]


def answer(conn, row, kind, **known):
    return record_answer(conn, row, Answer(kind, **known), stamp("run-1"))


def send(conn, product=APPS):
    """Read the row of a product and mark it in doubt, as delivery does before a PATCH leaves."""
    row = next(row for row in read_pending(conn, "contoso") if row.update.key.product == product)
    mark_in_doubt(conn, [row], stamp("run-1"))
    return row


def read_back(conn, rows, held):
    return record_read_back(conn, "contoso", rows, [GraphRow(*one) for one in held], stamp("run-1"))


def read_back_notes(conn):
    return [row.note for row in read_why(conn, "contoso", APPS) if row.rule == "read-back"]


def test_what_is_pending_is_read_oldest_first_and_of_one_tenant(conn):
    plan_push(conn, product=VISIO)
    plan_push(conn)
    assert [row.update.key.product for row in read_pending(conn, "contoso")] == [VISIO, APPS]
    assert read_pending(conn, "fabrikam") == []


def test_a_pending_row_carries_all_that_a_patch_needs(conn):
    row = plan_push(conn, graph_id="g-1")
    assert (row.update.key, row.update.product_type) == (Key(DAY, APPS), APPS.title())
    assert (row.update.counts, row.update.graph_id) == (SENT, "g-1")
    assert (row.attempts, row.in_doubt) == (0, False)


def test_only_the_rows_about_to_leave_are_marked_in_doubt(conn):
    plan_push(conn, product=VISIO)
    plan_push(conn)
    send(conn)
    assert {row.update.key.product: row.in_doubt for row in read_pending(conn, "contoso")} == {VISIO: False, APPS: True}
    mark_in_doubt(conn, [], stamp("run-1"))


@pytest.mark.parametrize(
    ("kind", "state", "in_doubt", "in_doubt_if_it_was", "attempts", "is_noted"),
    [
        pytest.param(KINDS.ACKNOWLEDGED, OutboxState.ACKNOWLEDGED, False, False, 1, True, id="acknowledged"),
        pytest.param(KINDS.DIFFERENT, OutboxState.PENDING, True, True, 1, True, id="different"),
        pytest.param(KINDS.REFUSED, OutboxState.DEAD, False, True, 1, True, id="refused"),
        pytest.param(KINDS.SUPERSEDED, OutboxState.SUPERSEDED, True, True, 1, True, id="superseded"),
        pytest.param(KINDS.BUSY, OutboxState.PENDING, True, True, 0, False, id="busy"),
        pytest.param(KINDS.NOT_OFFERED, OutboxState.PENDING, False, True, 0, True, id="not-offered"),
    ],
)
@pytest.mark.parametrize("was_in_doubt", [False, True], ids=["new-doubt", "old-doubt"])
def test_each_answer_has_its_consequence(
    conn, kind, state, in_doubt, in_doubt_if_it_was, attempts, is_noted, was_in_doubt
):
    plan_push(conn)
    if was_in_doubt:
        send(conn)
    row = send(conn)
    assert answer(conn, row, kind, status=418, request_id="r-1", message="words") == state
    stored = conn.execute(select(outbox)).mappings().one()
    assert (stored["state"], stored["attempts"]) == (state, attempts)
    assert (stored["status"], stored["request_id"], stored["answer"]) == (418, "r-1", "words")
    assert base(conn)["in_doubt"] is (in_doubt_if_it_was if was_in_doubt else in_doubt)
    answers = [row for row in read_why(conn, "contoso", APPS) if row.kind is LedgerKind.ANSWER]
    expected = [(418, "r-1", row.id, f"{state}: words")] if is_noted else []
    assert [(row.status, row.request_id, row.outbox_id, row.note) for row in answers] == expected


def test_only_an_acknowledgement_moves_what_graph_is_taken_to_hold(conn):
    plan_push(conn)
    for kind in (KINDS.BUSY, KINDS.DIFFERENT, KINDS.NOT_OFFERED):
        answer(conn, send(conn), kind)
        assert counts_of(base(conn), "acknowledged_") == counts_of(base(conn), "published_seen_") == Counts()
    answer(conn, send(conn), KINDS.ACKNOWLEDGED, graph_id="g-1")
    assert counts_of(base(conn), "acknowledged_") == SENT
    assert counts_of(base(conn), "published_seen_") == BEFORE
    assert base(conn)["graph_id"] == "g-1"


THEIRS = Counts(50, 8, None)


def test_what_somebody_else_wrote_to_graph_is_what_graph_is_taken_to_hold(conn):
    """The next plan compares with it, so that the guards see it before anything overwrites it."""
    plan_push(conn)
    row = send(conn)
    assert row.update.known == (BEFORE, Counts())
    assert answer(conn, row, KINDS.SUPERSEDED, status=412, graph_id="g-1", seen=THEIRS) is OutboxState.SUPERSEDED
    assert counts_of(base(conn), "acknowledged_") == THEIRS
    assert counts_of(base(conn), "published_seen_") == BEFORE
    assert (base(conn)["in_doubt"], base(conn)["graph_id"]) == (False, "g-1")
    noted = [row for row in read_why(conn, "contoso", APPS) if row.kind is LedgerKind.ANSWER]
    assert [(row.measure, row.published) for row in noted] == [*zip(Measure, THEIRS, strict=True)]
    assert plan_push(conn, run_id="run-2", warehouse=SENT).update.known == (BEFORE, THEIRS)


def test_a_row_that_is_left_over_is_named_until_a_newer_update_of_it_is_queued(conn):
    plan_push(conn)
    answer(conn, send(conn), KINDS.SUPERSEDED, status=412)
    assert read_delivery(conn, "contoso", "run-1").left_over == (LeftOver(DAY, APPS),)
    assert read_delivery(conn, "contoso", "an earlier run").left_over == ()
    plan_push(conn, run_id="run-2", warehouse=SENT)
    assert read_delivery(conn, "contoso", "run-1").left_over == ()


def test_what_graph_accepts_and_does_not_apply_is_given_up_after_three_attempts(conn):
    plan_push(conn)
    states = [answer(conn, send(conn), KINDS.DIFFERENT, status=200, message="assigned is 10") for _ in range(3)]
    assert states == [OutboxState.PENDING, OutboxState.PENDING, OutboxState.DEAD]
    assert read_dead(conn, "contoso")[0].answer == "accepted but not applied: assigned is 10"
    assert base(conn)["in_doubt"]


def test_an_answer_is_kept_to_200_characters(conn):
    plan_push(conn)
    answer(conn, send(conn), KINDS.REFUSED, message="x" * 300)
    assert read_dead(conn, "contoso")[0].answer == "x" * 200


def test_a_dead_letter_keeps_what_graph_said(conn):
    plan_push(conn)
    answer(conn, send(conn), KINDS.REFUSED, status=400, request_id="r-1", message="badRequest")
    (letter,) = read_dead(conn, "contoso")
    assert (letter.update.counts, letter.attempts, letter.updated_at) == (SENT, 1, AT)
    assert (letter.status, letter.request_id, letter.answer) == (400, "r-1", "badRequest")
    assert count_by_state(conn, "contoso")[OutboxState.DEAD] == 1


def test_an_acknowledgement_that_comes_after_a_newer_plan_acknowledges_nothing(conn):
    plan_push(conn)
    late = send(conn)
    plan_push(conn, Counts(20, 9, 2), warehouse=SENT, run_id="run-2")
    assert answer(conn, late, KINDS.ACKNOWLEDGED, status=200, request_id="r-late") is OutboxState.SUPERSEDED
    assert [row.update.counts for row in read_pending(conn, "contoso")] == [Counts(20, 9, 2)]
    assert counts_of(base(conn), "acknowledged_") == Counts()
    assert base(conn)["in_doubt"]
    assert read_why(conn, "contoso", APPS)[-1].note == "late: acknowledged, when the row was superseded"


def test_an_acknowledgement_that_comes_after_a_newer_one_puts_the_key_in_doubt_again(conn):
    plan_push(conn)
    late = send(conn)
    plan_push(conn, Counts(20, 9, 2), warehouse=SENT, run_id="run-2")
    answer(conn, send(conn), KINDS.ACKNOWLEDGED, request_id="r-newer")
    assert not base(conn)["in_doubt"]
    answer(conn, late, KINDS.ACKNOWLEDGED, request_id="r-late")
    assert base(conn)["in_doubt"]
    assert counts_of(base(conn), "acknowledged_") == Counts(20, 9, 2)


def test_the_same_answer_recorded_twice_counts_once(conn):
    plan_push(conn)
    row = send(conn)
    for _ in range(2):
        assert answer(conn, row, KINDS.ACKNOWLEDGED, request_id="r-1") is OutboxState.ACKNOWLEDGED
    assert [row.kind for row in read_why(conn, "contoso", APPS)].count(LedgerKind.ANSWER) == 1
    assert not base(conn)["in_doubt"]


def test_what_this_run_was_told_is_read_back_whichever_run_planned_it(conn):
    plan_push(conn, run_id="an earlier run")
    answer(conn, send(conn), KINDS.ACKNOWLEDGED)
    plan_push(conn, product=VISIO)
    assert [row.update.key.product for row in read_acknowledged(conn, "contoso", "run-1")] == [APPS]
    assert read_acknowledged(conn, "contoso", "an earlier run") == []


@pytest.mark.parametrize(
    ("held", "verification", "notes"),
    [
        pytest.param([(count_row(counts=SENT), "g-1")], Verification(confirmed=1), [], id="as-sent"),
        pytest.param(
            [(count_row(counts=SENT), "g-9")], Verification(confirmed=1), ["read back: as sent"], id="with-another-id"
        ),
        pytest.param(
            [(count_row(counts=BEFORE), "g-9")], Verification(different=1), ["read back: other values"], id="as-before"
        ),
        pytest.param(
            [(count_row(VISIO, SENT), "g-9")], Verification(different=1), ["read back: no such row"], id="missing"
        ),
    ],
)
def test_what_graph_gives_back_ends_or_raises_doubt_and_what_is_new_is_noted_once(conn, held, verification, notes):
    plan_push(conn)
    answer(conn, send(conn), KINDS.ACKNOWLEDGED, graph_id="g-1")
    for _ in range(2):
        assert read_back(conn, read_acknowledged(conn, "contoso", "run-1"), held) == verification
    assert read_back_notes(conn) == notes
    assert base(conn)["in_doubt"] is bool(verification.different)
    assert base(conn)["graph_id"] == (held[0][1] if held[0][0].product == APPS else "g-1")


def test_a_measure_that_was_not_sent_cannot_differ(conn):
    plan_push(conn, Counts(12, None, 2))
    answer(conn, send(conn), KINDS.ACKNOWLEDGED)
    rows = read_acknowledged(conn, "contoso", "run-1")
    assert read_back(conn, rows, [(count_row(counts=SENT), None)]).confirmed == 1


def test_one_hostile_answer_does_not_fail_its_batch(conn):
    """Whatever Graph says of one row, what it says of the other is kept, too."""
    plan_push(conn, SENT)
    plan_push(conn, SENT, product=VISIO)
    rows = read_pending(conn, "contoso")
    body = {"error": {"code": "a\0\ud800", "message": "\u202e\x1b[31m" + "m" * 9_999}, "id": "\ud800", "value": [{}]}
    headers = {"Request-Id": "\x9b\u200b" + "r" * 9_999}
    for row, status in zip(rows, (400, 200), strict=True):
        reply = read_reply(status, headers, json.dumps(body).encode())
        record_answer(conn, row, judge_patch(row.update, reply, AT), stamp())

    states = conn.execute(select(outbox.c.status).order_by(outbox.c.id)).scalars().all()
    assert states == [400, 200]
