"""The status table: what each answer means for a row, and for a report."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from activation_sync.core.model import Counts, Key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.errors import GraphBusyError, GraphRefusedError
from activation_sync.graph.answers import count_rows, differences, failure, judge_patch
from activation_sync.graph.wire import Reply, update_body

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
UPDATE = CountUpdate(Key(date(2026, 11, 21), "VISIO"), "Visio", Counts(9, 7, 0))
HELD = update_body(UPDATE) | {"id": "675187d7"}
SEGMENT = "Resource not found for the segment 'office365ActivationsUserCounts'."


def said(status: int, code: str = "Some", message: str = "Something.") -> Reply:
    return Reply(status, {"request-id": "r-1"}, {"error": {"code": code, "message": message}})


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(Reply(200, body=HELD), AnswerKind.ACKNOWLEDGED, id="200-equal"),
        pytest.param(Reply(201, body=HELD), AnswerKind.ACKNOWLEDGED, id="201-equal"),
        pytest.param(Reply(202), AnswerKind.BUSY, id="202-not-done-yet"),
        pytest.param(Reply(204), AnswerKind.ACKNOWLEDGED, id="204"),
        pytest.param(Reply(200), AnswerKind.ACKNOWLEDGED, id="200-without-body-is-a-204"),
        pytest.param(Reply(200, body=HELD | {"activated": 6}), AnswerKind.DIFFERENT, id="200-different"),
        pytest.param(Reply(200, body={"value": []}), AnswerKind.DIFFERENT, id="200-no-row"),
        pytest.param(Reply(200, body={"value": [HELD, HELD]}), AnswerKind.DIFFERENT, id="200-two-rows"),
        pytest.param(Reply(200, is_json=False), AnswerKind.BUSY, id="200-html-of-a-proxy"),
        pytest.param(said(400), AnswerKind.REFUSED, id="400"),
        pytest.param(Reply(400), AnswerKind.REFUSED, id="400-without-words"),
        pytest.param(Reply(400, is_json=False), AnswerKind.BUSY, id="400-html-of-a-proxy"),
        pytest.param(said(400, "BadRequest", SEGMENT), AnswerKind.NOT_OFFERED, id="400-no-segment"),
        pytest.param(said(404), AnswerKind.REFUSED, id="404"),
        pytest.param(said(404, "ResourceNotFound", SEGMENT), AnswerKind.NOT_OFFERED, id="404-no-segment"),
        pytest.param(Reply(404), AnswerKind.NOT_OFFERED, id="404-not-of-graph"),
        pytest.param(Reply(404, is_json=False), AnswerKind.NOT_OFFERED, id="404-html"),
        pytest.param(said(405), AnswerKind.NOT_OFFERED, id="405"),
        pytest.param(said(501), AnswerKind.NOT_OFFERED, id="501"),
        pytest.param(said(408), AnswerKind.BUSY, id="408"),
        pytest.param(said(409), AnswerKind.REFUSED, id="409"),
        pytest.param(said(410), AnswerKind.REFUSED, id="410"),
        pytest.param(said(412), AnswerKind.SUPERSEDED, id="412"),
        pytest.param(said(422), AnswerKind.REFUSED, id="422"),
        pytest.param(said(423), AnswerKind.BUSY, id="423"),
        pytest.param(said(424), AnswerKind.BUSY, id="424-of-a-batch"),
        pytest.param(said(429), AnswerKind.BUSY, id="429"),
        pytest.param(said(500), AnswerKind.BUSY, id="500"),
        pytest.param(Reply(502, is_json=False), AnswerKind.BUSY, id="502-html"),
        pytest.param(said(503), AnswerKind.BUSY, id="503"),
        pytest.param(said(504, "UnknownError", ""), AnswerKind.BUSY, id="504"),
        pytest.param(said(507), AnswerKind.BUSY, id="507"),
        pytest.param(said(509), AnswerKind.BUSY, id="509"),
        pytest.param(said(403, "MissingCredentials"), AnswerKind.BUSY, id="403-passing-incident"),
        pytest.param(said(403, "x", "Invalid S2S auth token"), AnswerKind.BUSY, id="403-passing-token"),
    ],
)
def test_an_answer_to_a_patch_means_one_thing_for_its_row(reply, expected):
    assert judge_patch(UPDATE, reply, NOW).kind is expected


@pytest.mark.parametrize("status", [302, 401, 403, 406, 411, 413, 415, 428, 431])
def test_an_answer_about_the_way_we_ask_stops_all_patches(status):
    with pytest.raises(GraphRefusedError, match=str(status)):
        judge_patch(UPDATE, said(status), NOW)


def test_an_acknowledgement_brings_the_id_and_the_request_id():
    answer = judge_patch(UPDATE, Reply(200, {"request-id": "r-1"}, HELD), NOW)
    assert (answer.graph_id, answer.request_id, answer.status) == ("675187d7", "r-1", 200)


def test_a_busy_answer_brings_the_seconds_asked_for():
    assert judge_patch(UPDATE, Reply(429, {"retry-after": "7"}), NOW).retry_after_s == 7.0


def test_an_answer_says_what_graph_said_but_never_much():
    answer = judge_patch(UPDATE, said(400, "badRequest", "null is not a valid value " * 99), NOW)
    assert answer.message.startswith("Graph answered 400 (badRequest: null is not a valid value")
    assert len(answer.message) <= 200


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, "", id="equal"),
        pytest.param({"value": "ignored"}, "", id="more-than-was-sent"),
        pytest.param({"assigned": "9"}, "", id="int64-as-text"),
        pytest.param({"reportRefreshDate": "2026-11-21T00:00:00Z"}, "", id="date-with-time"),
        pytest.param({"productType": "  VISIO "}, "", id="product-in-another-spelling"),
        pytest.param({"assigned": 8}, "assigned 8 instead of 9", id="number"),
        pytest.param({"activated": None}, "activated None instead of 7", id="null"),
        pytest.param({"sharedComputerActivation": False}, "sharedComputerActivation None instead of 0", id="bool"),
        pytest.param({"productType": "Project"}, "another productType", id="product"),
        pytest.param({"productType": None}, "another productType", id="no-product"),
        pytest.param({"reportRefreshDate": "2026-11-20"}, "another reportRefreshDate", id="date"),
        pytest.param({"reportRefreshDate": "today"}, "another reportRefreshDate", id="no-date"),
    ],
)
def test_the_returned_row_is_compared_with_what_was_sent(changed, expected):
    assert differences(UPDATE, HELD | changed) == expected


def test_a_measure_that_was_not_sent_is_not_compared():
    update = replace(UPDATE, counts=Counts(assigned=9))
    assert differences(update, HELD | {"activated": 5}) == ""


@pytest.mark.parametrize("body", [HELD, {"value": HELD}, {"value": [HELD]}])
def test_rows_are_read_back_in_any_of_the_shapes_graph_gives(body):
    [held] = count_rows(Reply(200, {"etag": 'W/"3"'}, body), {"visio": "Visio Plan 2"})
    assert (held.row.product, held.row.product_type, held.row.counts) == ("VISIO PLAN 2", "Visio", Counts(9, 7, 0))
    assert (held.graph_id, held.etag) == ("675187d7", 'W/"3"')


def test_of_several_rows_each_has_an_etag_of_its_own():
    rows = [HELD | {"@odata.etag": 'W/"1"'}, HELD | {"productType": "Project"}]
    found = count_rows(Reply(200, {"etag": 'W/"of-the-list"'}, {"value": rows}), {})
    assert [held.etag for held in found] == ['W/"1"', None]


def test_a_row_that_names_no_product_or_date_is_left_out():
    assert count_rows(Reply(200, body={"value": [{"assigned": 1}, HELD | {"reportRefreshDate": None}]}), {}) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507])
def test_a_report_that_may_come_later_is_tried_again(status):
    error = failure("The report", Reply(status, {"retry-after": "9"}), NOW)
    assert isinstance(error, GraphBusyError)
    assert error.retry_after_s == 9.0


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        pytest.param(said(401), "fresh token was refused", id="401"),
        pytest.param(said(403, "S2SUnauthorized"), "Reports.Read.All, with admin consent", id="403"),
        pytest.param(said(404, "UnknownTenantId"), "no usage data yet", id="404-new-tenant"),
        pytest.param(said(404), "Check the cloud and the paths", id="404"),
        pytest.param(said(400, "BadRequest", SEGMENT), "Check the cloud and the paths", id="400-no-segment"),
        pytest.param(said(302), "Check the Graph root", id="302"),
    ],
)
def test_a_report_that_is_refused_comes_with_the_remedy(reply, remedy):
    error = failure("The report", reply, NOW)
    assert isinstance(error, GraphRefusedError)
    assert remedy in str(error)
    assert "r-1" in str(error)
