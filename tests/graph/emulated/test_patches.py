"""PATCHes to the emulator, fault by fault."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from activation_sync.core.model import Counts, Key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.emulator import Fault, Scenario, open_emulator
from activation_sync.errors import GraphRefusedError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from tests.graph.emulated.connecting import ACKNOWLEDGED, BUSY, PATCH, READ, cloud_of, served, timing, updates


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(400), AnswerKind.REFUSED),
        (Fault(400, message="Resource not found for the segment 'x'."), AnswerKind.NOT_OFFERED),
        (Fault(404), AnswerKind.REFUSED),
        (Fault(405), AnswerKind.NOT_OFFERED),
        (Fault(409), ACKNOWLEDGED),
        (Fault(412), AnswerKind.SUPERSEDED),
        (Fault(429), ACKNOWLEDGED),
        (Fault(500), BUSY),
        (Fault(501), AnswerKind.NOT_OFFERED),
        (Fault(502, body="html"), BUSY),
        (Fault(503), ACKNOWLEDGED),
        (Fault(504), BUSY),
        (Fault(kind="html"), BUSY),
        (Fault(kind="reset-before-answer"), BUSY),
        (Fault(kind="reset-within-body"), BUSY),
        (Fault(kind="answer-lost"), BUSY),
        (Fault(kind="cut-length"), BUSY),
        (Fault(kind="cut-chunked"), BUSY),
        (Fault(kind="cut-clean"), BUSY),
        (Fault(kind="expired-token"), ACKNOWLEDGED),
        (Fault(kind="claims-challenge"), ACKNOWLEDGED),
        (Fault(kind="ignored"), AnswerKind.DIFFERENT),
        (Fault(kind="echoed"), ACKNOWLEDGED),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else str(value),
)
def test_every_fault_of_a_patch_has_its_answer(graph, emulator, tenant, fault, kind):
    first, second = updates(emulator, tenant)[:2]
    emulator.will_answer(PATCH, fault)
    assert graph.patch(first).kind is kind
    assert graph.patch(second).kind is ACKNOWLEDGED


def test_a_patch_without_permission_stops_all(graph, emulator, tenant):
    emulator.will_answer(PATCH, Fault(403))
    with pytest.raises(GraphRefusedError, match="403"):
        graph.patch(updates(emulator, tenant)[0])


def test_a_patch_whose_answer_is_lost_may_have_arrived(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    assert graph.patch(update).kind is BUSY
    assert assigned(graph, update) == update.counts.assigned


def test_a_patch_that_was_only_echoed_is_found_out_by_reading_back(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    emulator.will_answer(PATCH, Fault(kind="echoed"))
    assert graph.patch(update).kind is ACKNOWLEDGED
    assert assigned(graph, update) != update.counts.assigned


def known_updates(emulator, tenant):
    """The same updates; what Graph shows now is what we know of it."""
    shown = {row.product_type: Counts(*row.counts) for row in emulator.rows(tenant.tenant_id)}
    return [replace(update, known=(shown[update.product_type],)) for update in updates(emulator, tenant)]


def send_both_ways(graph, rows):
    """The answer to the first row singly, and in a batch."""
    return {"singly": lambda: graph.patch(rows[0]), "batch": lambda: graph.patch_batch(rows)[0]}


both_ways = pytest.mark.parametrize("way", ["singly", "batch"])


@both_ways
def test_a_row_that_only_got_another_etag_is_read_and_sent_once_more(graph, emulator, tenant, way):
    rows = known_updates(emulator, tenant)
    emulator.will_answer(PATCH, Fault(kind="touched", product=rows[0].product_type))
    answer = send_both_ways(graph, rows)[way]()
    assert (answer.kind, assigned(graph, rows[0])) == (ACKNOWLEDGED, rows[0].counts.assigned)
    of_row = [
        entry.status for entry in emulator.journal() if entry.body and entry.body["productType"] == rows[0].product_type
    ]
    assert of_row == [412, 200]


@both_ways
def test_a_row_that_somebody_else_changed_is_not_overwritten_and_its_values_are_told(graph, emulator, tenant, way):
    rows = known_updates(emulator, tenant)
    emulator.will_answer(PATCH, Fault(kind="overtaken", product=rows[0].product_type))
    rows[0] = replace(rows[0], counts=Counts(*(count + 5 for count in rows[0].counts)))
    answer = send_both_ways(graph, rows)[way]()
    theirs = Counts(*(count + 7 for count in rows[0].known[0]))
    assert (answer.kind, answer.status, answer.seen) == (AnswerKind.SUPERSEDED, 412, theirs)
    assert assigned(graph, rows[0]) == theirs.assigned
    assert f"somebody else changed its row: assigned {theirs.assigned}, not {rows[0].counts.assigned}" in answer.message


@both_ways
def test_a_row_that_shows_the_values_already_is_settled_without_another_patch(graph, emulator, tenant, way):
    rows = updates(emulator, tenant, more=0)
    emulator.will_answer(PATCH, Fault(kind="touched", product=rows[0].product_type))
    answer = send_both_ways(graph, rows)[way]()
    assert (answer.kind, answer.status, bool(answer.graph_id)) == (ACKNOWLEDGED, 412, True)
    assert len(served(emulator, PATCH)) == (1 if way == "singly" else len(rows))


@both_ways
def test_a_row_whose_etag_changes_every_time_is_sent_twice_and_left_to_the_next_run(graph, emulator, tenant, way):
    rows = known_updates(emulator, tenant)
    emulator.will_answer(PATCH, Fault(kind="touched", product=rows[0].product_type), times=2)
    answer = send_both_ways(graph, rows)[way]()
    assert (answer.kind, answer.status, answer.seen) == (AnswerKind.SUPERSEDED, 412, None)
    assert served(emulator, PATCH).count(412) == 2


def test_a_row_that_cannot_be_read_after_a_412_stays_in_doubt(graph, emulator, tenant):
    row = known_updates(emulator, tenant)[0]
    emulator.will_answer(PATCH, Fault(412), times=2)
    emulator.will_answer(READ, Fault(403))
    emulator.will_answer(READ, Fault(500))
    answers = [graph.patch(row) for _ in range(2)]
    assert [answer.kind for answer in answers] == [AnswerKind.SUPERSEDED, BUSY]
    assert answers[0].message.endswith("its row could not be read")


def assigned(graph: GraphClient, update: CountUpdate) -> int | None:
    found = graph.read_counts(update.key.refreshed_on) or []
    return next(held.row.counts.assigned for held in found if held.row.key == update.key)


def test_a_row_is_patched_by_the_id_of_its_acknowledgement(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    answer = graph.patch(update)
    again = graph.patch(replace(update, graph_id=answer.graph_id))
    assert answer.graph_id
    assert (again.kind, again.graph_id) == (ACKNOWLEDGED, answer.graph_id)
    assert emulator.journal()[-1].body["id"] == answer.graph_id


def test_four_threads_patch_all_rows_and_obey_a_429_together(graph, emulator, tenant, naps):
    rows = updates(emulator, tenant) * 4
    emulator.will_answer(PATCH, Fault(429, retry_after_s=2), times=3)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(graph.patch, rows))
    assert {answer.kind for answer in answers} == {ACKNOWLEDGED}
    assert set(naps) == {2.0}
    assert served(emulator, "token") == [200]


def test_a_challenge_to_several_threads_is_answered_with_one_token(graph, emulator, tenant):
    graph.read_token_roles()
    rows = updates(emulator, tenant)[:4]
    for row in rows:
        emulator.will_answer(PATCH, Fault(kind="claims-challenge", product=row.product_type))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(graph.patch, rows))
    assert {answer.kind for answer in answers} == {ACKNOWLEDGED}
    assert 2 <= len(served(emulator, "token")) <= 5


def test_a_batch_with_mixed_outcomes_settles_each_row_by_itself(graph, emulator, tenant, naps):
    rows = updates(emulator, tenant)[:5]
    products = [row.product_type for row in rows]
    emulator.will_answer(PATCH, Fault(429, retry_after_s=7, product=products[0]))
    emulator.will_answer(PATCH, Fault(kind="ignored", product=products[1]))
    emulator.will_answer(PATCH, Fault(400, product=products[2]))
    emulator.will_answer(PATCH, Fault(504, product=products[3]))
    answers = graph.patch_batch(rows)
    assert [answer.kind.value for answer in answers] == ["acknowledged", "different", "refused", "busy", "acknowledged"]
    assert naps == [7.0]
    assert served(emulator, "POST $batch") == [200, 200]
    assert len(served(emulator, PATCH)) == 6


def test_a_batch_out_of_reach_leaves_every_row_for_later(graph, emulator, tenant):
    rows = updates(emulator, tenant)
    emulator.will_answer("POST $batch", Fault(kind="answer-lost"))
    assert {answer.kind for answer in graph.patch_batch(rows)} == {BUSY}


def test_a_row_of_a_date_graph_does_not_hold_is_refused_for_good(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    unknown = replace(update, key=update.key._replace(refreshed_on=update.key.refreshed_on + timedelta(days=9)))
    assert graph.patch(unknown).kind is AnswerKind.REFUSED


def test_the_service_of_today_does_not_offer_the_write_back(naps):
    with open_emulator(Scenario(users=5, write_back="real-service")) as emulator:
        cloud, [tenant] = cloud_of(emulator), emulator.tenants
        tokens = TokenSource(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, emulator.ca_file)
        update = CountUpdate(Key(emulator.refreshed_on, "VISIO"), "Visio", Counts(1, 1, 0))
        with GraphClient(cloud, tokens, **timing(emulator, naps)) as graph:
            answer, batch = graph.patch(update), graph.patch_batch([update])
            assert graph.read_counts(emulator.refreshed_on) is None
    assert [answer.kind, batch[0].kind] == [AnswerKind.NOT_OFFERED] * 2
    assert "Resource not found for the segment" in answer.message
