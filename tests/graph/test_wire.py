"""What goes over the wire, row by row."""

import base64
import json
from datetime import UTC, date, datetime

import pytest

from activation_sync.core.model import Counts, Key, Report
from activation_sync.core.rule.delivery import CountUpdate
from activation_sync.graph.wire import (
    Reply,
    batch_body,
    batch_path,
    batch_replies,
    claims_challenge,
    complaint,
    filtered_path,
    next_link,
    read_reply,
    report_path,
    retry_after_s,
    rows_of,
    token_roles,
    update_body,
)

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
APPS = CountUpdate(Key(date(2026, 11, 21), "MICROSOFT 365 APPS FOR ENTERPRISE"), "Microsoft 365 Apps", Counts(9, 7, 0))


@pytest.mark.parametrize(
    ("report", "version", "form", "expected"),
    [
        (Report.USER_COUNTS, "v1.0", "csv", "/v1.0/reports/getOffice365ActivationsUserCounts"),
        (Report.USER_DETAIL, "beta", "csv", "/beta/reports/getOffice365ActivationsUserDetail?$format=text/csv"),
        (Report.PLATFORM_COUNTS, "v1.0", "csv", "/v1.0/reports/getOffice365ActivationCounts"),
        (
            Report.PLATFORM_COUNTS,
            "v1.0",
            "json",
            "/beta/reports/getOffice365ActivationCounts?$format=application/json",
        ),
        (
            Report.USER_DETAIL,
            "v1.0",
            "json",
            "/beta/reports/getOffice365ActivationsUserDetail?$format=application/json&$top=999",
        ),
    ],
)
def test_reports_are_asked_for_where_graph_documents_them(report, version, form, expected):
    assert report_path(report, version, form) == expected


def test_a_patch_carries_the_type_all_five_properties_and_no_id_until_one_is_known():
    assert update_body(APPS) == {
        "@odata.type": "#microsoft.graph.office365ActivationsUserCounts",
        "reportRefreshDate": "2026-11-21",
        "productType": "Microsoft 365 Apps",
        "assigned": 9,
        "activated": 7,
        "sharedComputerActivation": 0,
    }


def test_a_patch_names_the_row_by_id_and_leaves_out_what_is_not_known():
    update = CountUpdate(APPS.key, APPS.product_type, Counts(assigned=9), graph_id="675187d7")
    body = update_body(update)
    assert body["id"] == "675187d7"
    assert {"activated", "sharedComputerActivation"}.isdisjoint(body)


@pytest.mark.parametrize(
    ("path", "envelope", "item"),
    [
        ("/beta/office365ActivationsUserCounts", "/beta/$batch", "/office365ActivationsUserCounts"),
        ("/v1.0/custom/counts", "/v1.0/$batch", "/custom/counts"),
    ],
)
def test_a_batch_is_posted_beside_the_resource_and_its_items_are_relative_to_it(path, envelope, item):
    body = batch_body({"1": APPS}, path)
    assert batch_path(path) == envelope
    assert body == {
        "requests": [
            {
                "id": "1",
                "method": "PATCH",
                "url": item,
                "headers": {"Content-Type": "application/json"},
                "body": update_body(APPS),
            }
        ]
    }


def test_batch_answers_are_found_by_id_whatever_their_order():
    content = json.dumps(
        {
            "responses": [
                {"id": "2", "status": 429, "headers": {"Retry-After": "7"}, "body": {"error": {"code": "x"}}},
                {"id": "1", "status": 204},
                {"id": "3", "status": "broken"},
            ]
        }
    )
    replies = batch_replies(read_reply(200, {"Request-Id": "outer"}, content.encode()))
    assert sorted(replies) == ["1", "2"]
    assert replies["1"] == Reply(204, {"request-id": "outer"})
    assert (replies["2"].status, retry_after_s(replies["2"], NOW)) == (429, 7.0)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"responses": 7}', b"<html>"])
def test_an_envelope_without_answers_has_none(content):
    assert batch_replies(read_reply(200, {}, content)) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("7,12", 12.0, id="two-values-longest-counts"),
        pytest.param(" 1.5 ", 1.5, id="fraction"),
        pytest.param("Mon, 23 Nov 2026 04:01:30 GMT", 90.0, id="date"),
        pytest.param("Mon, 23 Nov 2026 03:59:00 GMT", None, id="date-gone-by"),
        pytest.param("0", None, id="zero-says-nothing"),
        pytest.param("soon", None, id="words"),
        pytest.param("-5", None, id="negative"),
        pytest.param("", None, id="absent"),
    ],
)
def test_graph_says_how_long_to_wait(value, expected):
    assert retry_after_s(Reply(429, {"retry-after": value}), NOW) == expected


def test_a_date_to_wait_for_is_measured_by_graphs_clock_not_ours():
    headers = {"retry-after": "Mon, 23 Nov 2026 09:00:10 GMT", "date": "Mon, 23 Nov 2026 09:00:00 GMT"}
    assert retry_after_s(Reply(429, headers), NOW) == 10.0


@pytest.mark.parametrize(
    ("sample", "code", "message"),
    [
        ("S2SUnauthorized", "S2SUnauthorized", "Invalid scope claims/roles."),
        ("", "", "JSON format is not supported."),
    ],
)
def test_an_error_is_read_from_where_graph_puts_it(sample, code, message):
    body = {"error": {"code": sample, "message": message, "innerError": {"request-id": "9bcd"}}}
    assert complaint(Reply(400, body=body)) == (code, message)


@pytest.mark.parametrize("spelling", ["innerError", "innererror"])
def test_the_deepest_code_is_the_one_that_counts(spelling):
    body = {"error": {"code": "outer", "message": "m", spelling: {"code": "middle", spelling: {"code": "deepest"}}}}
    assert complaint(Reply(429, body=body)).code == "deepest"


@pytest.mark.parametrize("body", [None, [], "text", {"error": "text"}, {"error": {"code": 7, "message": None}}])
def test_an_answer_without_a_proper_error_gives_no_reason(body):
    assert str(complaint(Reply(500, body=body))) == "no reason given"


def test_a_long_message_is_cut():
    assert len(str(complaint(Reply(500, body={"error": {"code": "c" * 999, "message": "m" * 999}})))) < 200


def challenge(claims: bytes) -> Reply:
    header = (
        f'Bearer realm="", authorization_uri="https://login/x", error="insufficient_claims", claims="{claims.decode()}"'
    )
    return Reply(401, {"www-authenticate": header})


CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1604106651?>"}}}
ENCODED = json.dumps(CLAIMS).encode()


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(base64.b64encode(ENCODED), id="standard"),
        pytest.param(base64.b64encode(ENCODED).rstrip(b"="), id="unpadded"),
        pytest.param(base64.urlsafe_b64encode(ENCODED), id="url-alphabet"),
    ],
)
def test_a_challenge_gives_the_claims_to_ask_for(encoded):
    claims = claims_challenge(challenge(encoded))
    assert claims is not None
    assert json.loads(claims) == CLAIMS


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(401, {"www-authenticate": 'Bearer realm="", client_id="0"'}), id="plain"),
        pytest.param(Reply(401), id="no-header"),
        pytest.param(challenge(b"A"), id="not-base64"),
        pytest.param(challenge(base64.b64encode(b"not json")), id="not-json"),
        pytest.param(challenge(base64.b64encode(b"[1]")), id="not-an-object"),
    ],
)
def test_a_401_without_usable_claims_is_no_challenge(reply):
    assert claims_challenge(reply) is None


def a_token(claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, 1)
    )


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        (a_token({"roles": ["Reports.Read.All", "Other"]}), ("Other", "Reports.Read.All")),
        (a_token({"aud": "x"}), ()),
        ("opaque", None),
        ("a.b.c", None),
    ],
)
def test_permissions_are_read_from_a_token_that_shows_them(token, roles):
    assert token_roles(token) == roles


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"id": "1"}, [{"id": "1"}]),
        ({"value": {"id": "1"}}, [{"id": "1"}]),
        ({"value": [{"id": "1"}, {"id": "2"}]}, [{"id": "1"}, {"id": "2"}]),
        ({"value": []}, []),
        (None, []),
    ],
)
def test_rows_come_bare_wrapped_or_listed(body, rows):
    assert rows_of(body) == rows


def test_the_next_page_is_given_as_it_came():
    assert next_link({"@odata.nextLink": "https://g/x?$skiptoken=a'b"}) == "https://g/x?$skiptoken=a'b"
    assert next_link({"value": []}) is None


def test_the_resource_is_narrowed_to_a_date():
    assert filtered_path("/beta/x", date(2026, 11, 21)) == "/beta/x?$filter=reportRefreshDate%20eq%202026-11-21"


@pytest.mark.parametrize(
    ("content", "body", "is_json"),
    [(b"", None, True), (b"{}", {}, True), (b"<html>", None, False), (b"\xff", None, False)],
)
def test_bytes_that_are_not_json_are_known_as_such(content, body, is_json):
    reply = read_reply(200, {"Request-ID": "r"}, content)
    assert (reply.body, reply.is_json, reply.request_id) == (body, is_json, "r")
