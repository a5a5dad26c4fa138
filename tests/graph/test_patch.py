"""PATCHes and batches against a server that answers whatever is scripted."""

import json
from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import Counts, Key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.errors import CredentialError, GraphBusyError, GraphRefusedError
from activation_sync.graph.client import PAGES_LIMIT
from activation_sync.graph.wire import update_body
from tests.support.servers.scripted_graph import Scripted, issued, will_discover, will_issue

PATCH = "PATCH /beta/office365ActivationsUserCounts"
READ = "GET /beta/office365ActivationsUserCounts"
BATCH = "POST /beta/$batch"
DAY = date(2026, 11, 21)
ACKNOWLEDGED, BUSY, REFUSED = AnswerKind.ACKNOWLEDGED, AnswerKind.BUSY, AnswerKind.REFUSED


def update(product: str = "VISIO", assigned: int = 9) -> CountUpdate:
    return CountUpdate(Key(DAY, product), product, Counts(assigned, 7, 0))


def held(product: str = "VISIO") -> dict[str, object]:
    return update_body(update(product)) | {"id": f"id-of-{product}"}


def envelope(*items: dict[str, object]) -> Scripted:
    return Scripted(200, {"responses": list(items)})


def item(number: int, status: int = 200, body: object = None, **headers: str) -> dict[str, object]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"id": str(number), "status": status, "headers": named, "body": body}


def sent_items(content: bytes) -> list[str]:
    return [request["body"]["productType"] for request in json.loads(content)["requests"]]


def test_a_patch_is_sent_as_json_and_its_answer_compared(graph, server):
    server.will_answer(PATCH, Scripted(200, held()), Scripted(200, held() | {"assigned": 1}))
    assert [graph.patch(update()).kind for _ in range(2)] == [ACKNOWLEDGED, AnswerKind.DIFFERENT]
    assert server.seen[-1].headers["content-type"] == "application/json"
    assert json.loads(server.seen[-1].content) == update_body(update())


def test_a_throttled_patch_is_sent_again_when_graph_asked(graph, server, naps):
    server.will_answer(PATCH, Scripted(429, b"", {"Retry-After": "7"}), Scripted(429, b"", {"Retry-After": "2, 5"}))
    server.will_answer(PATCH, Scripted(429), Scripted(200, held()))
    assert graph.patch(update()).kind is ACKNOWLEDGED
    assert (naps, graph.throttled_s) == ([7.0, 5.0, 8.0], 20.0)


def test_a_wait_too_long_for_a_worker_is_given_back_and_holds_all_patches(graph, server, naps):
    server.will_answer(PATCH, Scripted(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": "600"}))
    first, second = graph.patch(update()), graph.patch(update("PROJECT"))
    assert (first.kind, first.status, first.retry_after_s) == (BUSY, 429, 600.0)
    assert (second.kind, second.status, second.retry_after_s) == (BUSY, None, 600.0)
    assert naps == []


def test_waits_end_with_the_budget_and_the_answer_says_what_was_asked_last(graph, server, naps):
    server.will_answer(PATCH, *[Scripted(503, b"", {"Retry-After": "30"})] * 5)
    answer = graph.patch(update())
    assert (answer.kind, answer.status, answer.retry_after_s) == (BUSY, 503, 30.0)
    assert naps == [30.0] * 4


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_without_a_wait_is_not_repeated_here(graph, server, naps, status):
    server.will_answer(PATCH, Scripted(status))
    assert graph.patch(update()).kind is BUSY
    assert naps == []


def test_a_conflict_is_believed_the_second_time(graph, server):
    server.will_answer(PATCH, Scripted(409), Scripted(200, held()), Scripted(409), Scripted(409))
    assert [graph.patch(update()).kind for _ in range(2)] == [ACKNOWLEDGED, REFUSED]


def test_a_lost_answer_leaves_the_outcome_open(graph, server):
    server.will_answer(PATCH, Scripted(200, held(), length=9999))
    answer = graph.patch(update())
    assert (answer.kind, answer.status) == (BUSY, None)
    assert "No whole answer" in answer.message


def test_a_token_endpoint_that_fails_leaves_the_row_for_later(server, open_client):
    will_discover(server)
    will_issue(server, Scripted(503, b"", {"Retry-After": "9"}))
    with open_client() as graph:
        answer = graph.patch(update())
    assert (answer.kind, answer.retry_after_s) == (BUSY, 9.0)


def test_a_refused_application_stops_all_patches(server, open_client):
    will_discover(server)
    will_issue(server, Scripted(401, {"error": "invalid_client"}))
    with open_client() as graph, pytest.raises(CredentialError):
        graph.patch(update())


def test_a_missing_permission_stops_all_patches(graph, server):
    server.will_answer(PATCH, Scripted(403, {"error": {"code": "Authorization_RequestDenied"}}))
    with pytest.raises(GraphRefusedError, match=r"Authorization_RequestDenied.*turn the write-back off"):
        graph.patch(update())


def test_the_write_back_may_have_another_path_and_root(server, downloads, cloud, open_client):
    will_discover(server)
    will_issue(server, issued())
    downloads.will_answer("PATCH /v1.0/our/counts", Scripted(204))
    elsewhere = replace(
        cloud, write_back_root=downloads.root, write_back_path="/v1.0/our/counts", sends_graph_token=True
    )
    with open_client(cloud=elsewhere) as graph:
        assert graph.patch(update()).kind is ACKNOWLEDGED


def test_a_batch_is_answered_in_the_order_it_was_given(graph, server):
    refusal = {"error": {"code": "BadRequest", "message": "no such row"}}
    server.will_answer(
        BATCH,
        envelope(
            item(5, 503, retry_after="600"),
            item(3, 400, refusal),
            item(1, 200, held("A")),
            item(2, 200, held("B") | {"assigned": 0}),
            item(4, 412),
            item(6, 424),
            item(8, 204),
        ),
    )
    server.will_answer(READ, Scripted(403))
    answers = graph.patch_batch([update(product) for product in "ABCDEFGH"])
    assert [answer.kind.value for answer in answers] == [
        "acknowledged",
        "different",
        "refused",
        "superseded",
        "busy",
        "busy",
        "busy",
        "acknowledged",
    ]
    assert (answers[0].graph_id, answers[4].retry_after_s) == ("id-of-A", 600.0)
    assert "leaves this row out" in answers[6].message


def test_only_the_throttled_items_of_a_batch_wait_and_are_sent_again(graph, server, naps):
    server.will_answer(
        BATCH,
        envelope(item(1, 204), item(2, 429, Retry_After="3"), item(3, 429, Retry_After="7"), item(4, 429)),
        envelope(item(4, 204), item(3, 204), item(2, 400)),
    )
    answers = graph.patch_batch([update(product) for product in "ABCD"])
    assert [answer.kind for answer in answers] == [ACKNOWLEDGED, REFUSED, ACKNOWLEDGED, ACKNOWLEDGED]
    assert [sent_items(seen.content) for seen in server.seen[-2:]] == [list("ABCD"), list("BCD")]
    assert naps == [7.0]


def test_an_item_that_must_wait_too_long_does_not_hold_up_the_others(graph, server, naps):
    server.will_answer(
        BATCH,
        envelope(item(1, 429, Retry_After="600"), item(2, 429, Retry_After="3")),
        envelope(item(2, 204)),
    )
    answers = graph.patch_batch([update("A"), update("B")])
    assert [(answer.kind, answer.retry_after_s) for answer in answers] == [(BUSY, 600.0), (ACKNOWLEDGED, None)]
    assert naps == [3.0]


def test_items_that_stay_throttled_end_with_the_budget(graph, server, naps):
    server.will_answer(BATCH, *[envelope(item(1, 429, Retry_After="30"))] * 5)
    [answer] = graph.patch_batch([update()])
    assert (answer.kind, answer.retry_after_s, naps) == (BUSY, 30.0, [30.0] * 4)


def test_a_token_that_ran_out_on_the_way_to_an_item_is_replaced_once(server, open_client):
    will_discover(server, 2)
    will_issue(server, issued("first"), issued("second"))
    server.will_answer(BATCH, envelope(item(1, 204), item(2, 401)), envelope(item(2, 204)))
    with open_client() as graph:
        assert [answer.kind for answer in graph.patch_batch([update("A"), update("B")])] == [ACKNOWLEDGED] * 2
    assert server.seen[-1].headers["authorization"] == "Bearer second"


def test_a_conflict_in_a_batch_is_believed_the_second_time(graph, server):
    server.will_answer(BATCH, envelope(item(1, 409), item(2, 204)), envelope(item(1, 409)))
    assert [answer.kind for answer in graph.patch_batch([update("A"), update("B")])] == [REFUSED, ACKNOWLEDGED]


def test_a_refusal_of_some_items_does_not_cost_the_others_their_answers(graph, server):
    server.will_answer(BATCH, envelope(item(1, 403), item(2, 204)))
    answers = graph.patch_batch([update("A"), update("B")])
    assert [answer.kind for answer in answers] == [BUSY, ACKNOWLEDGED]
    assert "403" in answers[0].message


def test_a_refusal_of_every_item_stops_all_patches(graph, server):
    server.will_answer(BATCH, envelope(item(1, 403), item(2, 403)))
    with pytest.raises(GraphRefusedError, match="403"):
        graph.patch_batch([update("A"), update("B")])


@pytest.mark.parametrize(
    "outer",
    [
        Scripted(500),
        Scripted(200, b"<html>"),
        Scripted(200, b"{", length=99),
        Scripted(429, b"", {"Retry-After": "99"}),
    ],
)
def test_a_batch_without_a_readable_answer_leaves_every_row_for_later(graph, server, outer):
    server.will_answer(BATCH, outer)
    answers = graph.patch_batch([update("A"), update("B")])
    assert [answer.kind for answer in answers] == [BUSY, BUSY]
    assert answers[0].retry_after_s == (99.0 if outer.status == 429 else None)


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_refused_envelope_stops_all_patches(graph, server, status):
    server.will_answer(BATCH, Scripted(status, {"error": {"code": "BadRequest"}}))
    with pytest.raises(GraphRefusedError, match=f"The batch: Graph answered {status}"):
        graph.patch_batch([update()])


def test_a_batch_larger_than_graph_takes_is_a_mistake_of_the_caller(open_client):
    with open_client() as graph, pytest.raises(ValueError, match="21 rows"):
        graph.patch_batch([update()] * 21)


def test_rows_are_read_back_page_by_page_and_of_the_date_asked_for(graph, server):
    other_day = held("C") | {"reportRefreshDate": "2026-11-20"}
    server.will_answer(READ, Scripted(200, {"value": [held("A")], "@odata.nextLink": f"{server.root}/next"}))
    server.will_answer("GET /next", Scripted(200, {"value": [held("B"), other_day]}))
    found = graph.read_counts(DAY)
    assert [(held.row.product, held.graph_id) for held in found] == [("A", "id-of-A"), ("B", "id-of-B")]
    assert [seen.target for seen in server.seen[-2:]] == [
        "/beta/office365ActivationsUserCounts?$filter=reportRefreshDate%20eq%202026-11-21",
        "/next",
    ]


@pytest.mark.parametrize("link", ["https://evil.example/next", "/next"])
def test_some_rows_are_not_taken_for_all_when_the_rest_is_elsewhere(graph, server, link):
    server.will_answer(READ, Scripted(200, {"value": [held("A")], "@odata.nextLink": link}))
    assert graph.read_counts(DAY) is None


def test_rows_that_never_end_are_not_read_for_ever(graph, server):
    endless = Scripted(200, {"value": [held("A")], "@odata.nextLink": f"{server.root}/next"})
    server.will_answer(READ, endless)
    server.will_answer("GET /next", *[endless] * (PAGES_LIMIT - 1))
    assert graph.read_counts(DAY) is None


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_a_resource_that_cannot_be_read_back_is_said_not_to(graph, server, status):
    server.will_answer(READ, Scripted(status, {"error": {"code": "x"}}))
    assert graph.read_counts(DAY) is None


def test_a_resource_that_fails_to_be_read_is_not_taken_for_an_empty_one(graph, server):
    server.will_answer(READ, Scripted(504))
    with pytest.raises(GraphBusyError):
        graph.read_counts(DAY)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Scripted(200, {"displayConcealedNames": True}), True),
        (Scripted(200, {"displayConcealedNames": False}), False),
        (Scripted(200, {}), None),
        (Scripted(403, {"error": {"code": "x"}}), None),
        (Scripted(404), None),
    ],
)
def test_the_concealment_of_names_is_read_where_we_may(graph, server, answer, expected):
    server.will_answer("GET /v1.0/admin/reportSettings", answer)
    assert graph.read_report_settings() is expected
