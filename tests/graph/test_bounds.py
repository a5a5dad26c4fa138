"""Answers without end, in size, pages, time or depth: refused within bounds, in words that name the setting."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from activation_sync.clock import Clock
from activation_sync.core.bounds import Bounds
from activation_sync.core.model import Counts, Key, Report
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.errors import ActivationSyncError, CredentialError, GraphBusyError, GraphRefusedError
from tests.graph.conftest import NOON
from tests.support.servers.scripted_graph import Scripted, issued, will_discover, will_issue, will_sign_in

COUNTS = "GET /v1.0/reports/getOffice365ActivationsUserCounts"
DETAIL = "GET /beta/reports/getOffice365ActivationsUserDetail"
PATCH = "PATCH /beta/office365ActivationsUserCounts"
ROW = {"reportRefreshDate": "2026-11-21", "productType": "VISIO", "assigned": 5, "activated": 3}
UPDATE = CountUpdate(Key(NOON.date() - timedelta(days=2), "VISIO"), "VISIO", Counts(5, 3))


@pytest.fixture
def bounded(server, cloud, open_client):
    """Opens a client, signed in, with bounds of its own."""

    def opener(clock=None, **bounds):
        will_sign_in(server)
        options = {"clock": clock} if clock else {}
        return open_client(replace(cloud, bounds=Bounds(**bounds)), **options)

    return opener


def read(graph, report=Report.USER_COUNTS, **options) -> bytes:
    with graph.download(report, **options) as download:
        return b"".join(download.chunks)


def test_answers_are_asked_for_as_they_are(graph, server):
    server.will_answer(COUNTS, Scripted(200, b"a"))
    read(graph)
    assert server.seen[-1].headers["accept-encoding"] == "identity"


def test_a_report_that_comes_compressed_all_the_same_is_read(graph, server):
    members = gzip.compress(b"a" * 300_000) + gzip.compress(b"b")
    server.will_answer(COUNTS, Scripted(200, members, {"Content-Encoding": "gzip"}))
    assert read(graph) == b"a" * 300_000 + b"b"


@pytest.mark.parametrize(
    ("coding", "body", "told"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(b"a", mtime=0), mtime=0), "encoded as 'gzip, gzip'"),
        ("br", b"a", "encoded as 'br'"),
        ("gzip", b"not gzip", "broken compression"),
        ("gzip", gzip.compress(b"a" * 999)[:-9], "ended inside its compressed body"),
    ],
    ids=["stacked", "other", "not-gzip", "cut"],  # of the bytes a name would hold the time, and differ in each process
)
def test_other_and_stacked_and_broken_codings_are_refused(graph, server, coding, body, told):
    server.will_answer(COUNTS, Scripted(200, body, {"Content-Encoding": coding}))
    with pytest.raises(GraphBusyError, match=told):
        read(graph)


def test_a_report_is_bounded_after_decoding(bounded, server):
    bomb = gzip.compress(b"a" * 5_000_000)
    assert len(bomb) < 10_000
    server.will_answer(COUNTS, Scripted(200, bomb, {"Content-Encoding": "gzip"}))
    with (
        bounded(report_bytes=1_000_000) as graph,
        pytest.raises(GraphRefusedError, match=r"longer than 1,000,000.*bounds\.report_bytes"),
    ):
        read(graph)


def test_the_pages_of_a_report_are_bounded_in_sum(bounded, server):
    pages = [{"value": ["x" * 400], "@odata.nextLink": f"{server.root}/{n}"} for n in range(3)]
    server.will_answer(DETAIL, Scripted(200, pages[0]))
    for n, page in enumerate(pages[1:]):
        server.will_answer(f"GET /{n}", Scripted(200, page))
    with bounded(report_bytes=1_000) as graph, pytest.raises(GraphRefusedError, match=r"bounds\.report_bytes"):
        read(graph, Report.USER_DETAIL, format="json")


def test_any_other_answer_is_bounded(bounded, server):
    long = Scripted(200, b'{"value": ["' + b"x" * 5_000 + b'"]}')
    server.will_answer(DETAIL, long)
    server.will_answer(PATCH, long)
    with bounded(body_bytes=4_000) as graph:
        with pytest.raises(GraphBusyError, match=r"longer than 4,000 bytes \(bounds\.body_bytes"):
            read(graph, Report.USER_DETAIL, format="json")
        answer = graph.patch(UPDATE)
    assert (answer.kind, "bounds.body_bytes" in answer.message) == (AnswerKind.BUSY, True)


def test_a_report_has_no_more_pages_than_allowed(bounded, server):
    server.will_answer(DETAIL, Scripted(200, {"value": [], "@odata.nextLink": f"{server.root}/0"}))
    server.will_answer("GET /0", Scripted(200, {"value": [], "@odata.nextLink": f"{server.root}/1"}))
    with bounded(report_pages=2) as graph, pytest.raises(GraphRefusedError, match=r"more than 2 pages.*report_pages"):
        read(graph, Report.USER_DETAIL, format="json")


def test_no_address_is_longer_than_allowed(graph, server):
    server.will_answer(COUNTS, Scripted(302, b"", {"Location": f"{server.root}/?{'se~cret'.ljust(9_000, 'x')}"}))
    page = Scripted(200, {"value": [], "@odata.nextLink": f"{server.root}/?{'se~cret'.ljust(70_000, 'x')}"})
    server.will_answer(DETAIL, page)
    server.will_answer("GET /beta/office365ActivationsUserCounts", page)
    for options in ({}, {"report": Report.USER_DETAIL, "format": "json"}):
        with pytest.raises(GraphRefusedError, match=r"8,192 are allowed \(bounds\.address_chars\)") as refused:
            read(graph, **options)
        assert "se~cret" not in str(refused.value)
    assert graph.read_counts(UPDATE.key.refreshed_on) is None


def test_an_answer_that_drips_is_given_up(bounded, server):
    seconds = count(step=400)
    clock = Clock(lambda: NOON + timedelta(seconds=next(seconds)), lambda _: None)
    server.will_answer(COUNTS, Scripted(200, b"a" * 1_000_000))
    with (
        bounded(clock, call_s=600) as graph,
        pytest.raises(GraphBusyError, match=r"longer than 600 s \(bounds\.call_s"),
    ):
        read(graph)


@pytest.mark.parametrize("host", ["a..office.com", f"{'x' * 64}.office.com", "-a.office.com", "a.-b.office.com"])
def test_a_host_that_has_no_name_is_refused(server, cloud, open_client, host):
    will_sign_in(server)
    server.will_answer(COUNTS, Scripted(302, b"", {"Location": f"https://{host}/"}))
    with (
        open_client(replace(cloud, download_suffixes=(".office.com",))) as graph,
        pytest.raises(GraphRefusedError, match="not plain https"),
    ):
        read(graph)


@pytest.mark.parametrize("etag", ['"\u00e9"', '"' + "x" * 999 + '"'])
def test_an_etag_that_could_not_be_sent_back_is_none(graph, server, etag):
    server.will_answer(COUNTS, Scripted(200, b"a", {"ETag": etag}))
    with graph.download(Report.USER_COUNTS) as download:
        assert (list(download.chunks), download.etag) == ([b"a"], None)


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_that_http_does_not_have_is_no_answer(graph, server, status):
    server.will_answer(COUNTS, Scripted(status, b"a"))
    with pytest.raises(GraphBusyError):
        read(graph)


HOSTILE = {
    "half a character for an id": (ROW | {"id": "\ud800"}, AnswerKind.ACKNOWLEDGED),
    "a long id": (ROW | {"id": "x" * 5_000}, AnswerKind.ACKNOWLEDGED),
    "NUL in the product": (ROW | {"productType": "VI\0SIO"}, AnswerKind.ACKNOWLEDGED),
    "no row": ({"value": [{}]}, AnswerKind.DIFFERENT),
    "a count beyond Int64": (ROW | {"assigned": 10**30}, AnswerKind.DIFFERENT),
    "a count of 5,000 digits": (json.dumps(ROW).replace("5,", "9" * 5_000 + ",").encode(), AnswerKind.BUSY),
    "JSON 1,000 deep": (b'{"value":' + b"[" * 1_000 + b"]" * 1_000 + b"}", AnswerKind.BUSY),
    "JSON 100,000 deep": (b"[" * 100_000, AnswerKind.BUSY),
}


@pytest.mark.parametrize(("body", "kind"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_to_a_patch_is_an_answer_all_the_same(graph, server, body, kind):
    server.will_answer(PATCH, Scripted(200, body))
    answer = graph.patch(UPDATE)
    assert (answer.kind, answer.graph_id) == (kind, None)
    assert answer.message.isprintable()


def test_an_item_of_a_batch_with_a_status_that_is_none_is_left_out(graph, server):
    items = [{"id": "1", "status": 10**30}, {"id": "2", "status": 200, "body": ROW | {"id": "\u202eabc\0"}}]
    server.will_answer("POST /beta/$batch", Scripted(200, {"responses": items}))
    first, second = graph.patch_batch([UPDATE, UPDATE])
    assert (first.kind, first.status) == (AnswerKind.BUSY, None)
    assert (second.kind, second.graph_id) == (AnswerKind.ACKNOWLEDGED, "abc")


TOKENS = {
    "too long": Scripted(200, b'{"access_token": "' + b"x" * 4_100_000 + b'"}'),
    "encoded": Scripted(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
    "cut short": Scripted(200, b'{"access_token"', length=99),
    "too deep": Scripted(200, b'{"a":' * 5_000),
    "a token that no header can carry": issued("\u20ac\r\nX: y"),
    "a life without end": Scripted(200, b'{"access_token": "a", "token_type": "Bearer", "expires_in": 1e999}'),
}


@pytest.mark.parametrize("answer", TOKENS.values(), ids=TOKENS)
def test_a_hostile_token_endpoint_is_refused_in_our_own_words(server, open_client, answer):
    will_discover(server)
    will_issue(server, answer)
    with open_client() as graph, pytest.raises((GraphBusyError, CredentialError)) as refused:
        read(graph)
    assert isinstance(refused.value, ActivationSyncError)
