"""Downloads against a server that misbehaves in ways Graph has, or might."""

import json
import logging
import traceback

import pytest

from activation_sync.core.model import Report
from activation_sync.errors import ConfigError, GraphBusyError, GraphRefusedError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from tests.support.clouds import cloud_at
from tests.support.servers.scripted_graph import (
    SECRET,
    TENANT_ID,
    TOKEN,
    Scripted,
    issued,
    will_discover,
    will_issue,
    will_sign_in,
)

COUNTS = "GET /v1.0/reports/getOffice365ActivationsUserCounts"
DETAIL = "GET /beta/reports/getOffice365ActivationsUserDetail"
CSV = b"\xef\xbb\xbfReport Refresh Date,Product Type\r\n2026-11-21,VISIO\r\n"
ADDRESS = "/data/download?token=se%2fcret'+|==&x=%E2\"<>"  # httpx alone would tidy the end of it


def redirect(location: str) -> Scripted:
    return Scripted(302, b"Found", {"Location": location, "ETag": 'W/"1"', "request-id": "r-1"})


def read(graph: GraphClient, report: Report = Report.USER_COUNTS, **options: str) -> bytes:
    with graph.download(report, **options) as download:
        return b"".join(download.chunks)


def test_a_csv_is_fetched_from_its_address_byte_for_byte_and_without_our_headers(graph, server, downloads):
    server.will_answer(COUNTS, redirect(f"{downloads.root}{ADDRESS}"))
    downloads.will_answer("GET /data/download", Scripted(200, CSV))
    with graph.download(Report.USER_COUNTS) as download:
        assert (b"".join(download.chunks), download.etag, download.request_id) == (CSV, 'W/"1"', "r-1")
    [seen] = downloads.seen
    assert seen.target == ADDRESS
    assert set(seen.headers) == {"host"}


def test_a_csv_may_come_without_a_redirect(graph, server):
    server.will_answer(COUNTS, Scripted(200, CSV))
    assert read(graph) == CSV


def test_a_report_known_by_its_etag_is_not_sent_again(graph, server):
    server.will_answer(COUNTS, Scripted(304, b"", {"ETag": 'W/"1"'}))
    with graph.download(Report.USER_COUNTS, etag='W/"1"') as download:
        assert (download.is_unchanged, list(download.chunks), download.etag) == (True, [], 'W/"1"')
    assert server.seen[-1].headers["if-none-match"] == 'W/"1"'


def test_a_json_report_known_by_its_etag_is_not_sent_again(graph, server):
    server.will_answer(DETAIL, Scripted(304))
    with graph.download(Report.USER_DETAIL, etag="1", format="json") as download:
        assert (download.is_unchanged, list(download.chunks)) == (True, [])


def test_each_request_has_an_id_of_its_own(graph, server):
    server.will_answer(COUNTS, Scripted(200, CSV), Scripted(200, CSV))
    read(graph)
    read(graph)
    assert len({seen.headers["client-request-id"] for seen in server.seen[-2:]}) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_has_expired_is_asked_for_again(graph, server, downloads, status):
    server.will_answer(COUNTS, redirect(f"{downloads.root}/old"), redirect(f"{downloads.root}/new"))
    downloads.will_answer("GET /old", Scripted(status, {"error": {"code": "MissingCredentials"}}))
    downloads.will_answer("GET /new", Scripted(200, CSV))
    assert read(graph) == CSV


def test_addresses_that_keep_expiring_are_left_for_later(graph, server, downloads):
    server.will_answer(COUNTS, *[redirect(f"{downloads.root}/old")] * 3)
    downloads.will_answer("GET /old", *[Scripted(403)] * 3)
    with pytest.raises(GraphBusyError, match="3 download addresses"):
        read(graph)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://evil.example/se~cret", "evil.example:443"),
        ("https://reports.office.com@evil.example/se~cret", "not plain https"),
        ("http://reports.office.com/se~cret", "not plain https"),
        ("/se~cret", "127.0.0.1"),
        ("", "not plain https"),
    ],
)
def test_an_address_elsewhere_is_refused_and_not_shown(graph, server, location, told):
    server.will_answer(COUNTS, redirect(location))
    with pytest.raises(GraphRefusedError, match=told) as caught:
        read(graph)
    assert "se~cret" not in "".join(traceback.format_exception(caught.value))


def test_redirects_are_followed_among_trusted_hosts_and_not_for_ever(graph, server, downloads):
    server.will_answer(COUNTS, redirect(f"{downloads.root}/a"), redirect(f"{downloads.root}/a"))
    downloads.will_answer(
        "GET /a", Scripted(302, b"", {"Location": "/b"}), *[Scripted(302, b"", {"Location": "/a"})] * 5
    )
    downloads.will_answer("GET /b", Scripted(200, CSV))
    assert read(graph) == CSV
    with pytest.raises(GraphRefusedError, match="more than 5 times"):
        read(graph)


def test_a_redirect_of_the_download_to_elsewhere_is_refused(graph, server, downloads):
    server.will_answer(COUNTS, redirect(f"{downloads.root}/a"))
    downloads.will_answer("GET /a", Scripted(302, b"", {"Location": "https://evil.example/"}))
    with pytest.raises(GraphRefusedError, match="not trusted"):
        read(graph)


def test_a_throttled_download_host_is_waited_for(graph, server, downloads, naps):
    server.will_answer(COUNTS, redirect(f"{downloads.root}/a"))
    downloads.will_answer("GET /a", Scripted(429, b"", {"Retry-After": "3"}), Scripted(200, CSV))
    assert read(graph) == CSV
    assert (naps, graph.throttled_s) == ([3.0], 3.0)


def test_a_failing_download_host_is_left_for_later(graph, server, downloads):
    server.will_answer(COUNTS, redirect(f"{downloads.root}/a"))
    downloads.will_answer("GET /a", Scripted(500))
    with pytest.raises(GraphBusyError, match="500"):
        read(graph)


@pytest.mark.parametrize("is_direct", [True, False])
def test_a_body_cut_short_is_not_believed(graph, server, downloads, is_direct):
    cut = Scripted(200, CSV, length=len(CSV) + 10)
    if is_direct:
        server.will_answer(COUNTS, cut)
    else:
        server.will_answer(COUNTS, redirect(f"{downloads.root}/a"))
        downloads.will_answer("GET /a", cut)
    with pytest.raises(GraphBusyError, match="RemoteProtocolError"):
        read(graph)


def page(rows: list[object], link: str | None = None) -> Scripted:
    return Scripted(200, {"value": rows} | ({"@odata.nextLink": link} if link else {}))


def pages_of(body: bytes) -> list[list[object]]:
    return [json.loads(line)["value"] for line in body.split(b"\n")]


def test_json_pages_are_followed_as_linked_and_joined_by_line_breaks(graph, server):
    link = f"{server.root}/graph/beta/data/x?$skiptoken=a'b%2F"
    server.will_answer(DETAIL, page([1], link))
    server.will_answer("GET /graph/beta/data/x", page([2]))
    assert pages_of(read(graph, Report.USER_DETAIL, format="json")) == [[1], [2]]
    assert [seen.target for seen in server.seen[-2:]] == [
        "/beta/reports/getOffice365ActivationsUserDetail?$format=application/json&$top=999",
        "/graph/beta/data/x?$skiptoken=a'b%2F",
    ]


def test_an_empty_page_is_not_taken_for_the_last_one(graph, server):
    server.will_answer(DETAIL, page([], f"{server.root}/next"))
    server.will_answer("GET /next", page([1]))
    assert pages_of(read(graph, Report.USER_DETAIL, format="json")) == [[], [1]]


@pytest.mark.parametrize("link", ["https://evil.example/next", "http://127.0.0.1/next", "/next"])
def test_a_page_elsewhere_is_not_followed(graph, server, link):
    server.will_answer(DETAIL, page([1], link))
    with pytest.raises(GraphRefusedError, match="not followed"):
        read(graph, Report.USER_DETAIL, format="json")


@pytest.mark.parametrize(
    "answer", [Scripted(200, {}), Scripted(200, {"error": {}}), Scripted(200, {"value": {}}), Scripted(200, b"<html>")]
)
def test_a_page_without_rows_to_read_is_not_believed(graph, server, answer):
    server.will_answer(DETAIL, page([1], f"{server.root}/next"))
    server.will_answer("GET /next", answer)
    with pytest.raises(GraphBusyError):
        read(graph, Report.USER_DETAIL, format="json")


@pytest.mark.parametrize(("status", "error"), [(403, GraphRefusedError), (504, GraphBusyError)])
def test_a_page_that_fails_ends_the_report(graph, server, status, error):
    server.will_answer(DETAIL, page([1], f"{server.root}/next"))
    server.will_answer("GET /next", Scripted(status, {"error": {"code": "x"}}))
    with pytest.raises(error, match=f"The user-detail report: Graph answered {status}"):
        read(graph, Report.USER_DETAIL, format="json")


def test_pages_that_lead_in_a_circle_are_left(graph, server):
    server.will_answer(DETAIL, page([1], f"{server.root}/next"))
    server.will_answer("GET /next", page([2], f"{server.root}/next"))
    with pytest.raises(GraphBusyError, match="leads back"):
        read(graph, Report.USER_DETAIL, format="json")


def test_a_503_is_waited_for_and_asked_again_on_a_new_connection(graph, server, naps):
    server.will_answer(COUNTS, Scripted(429, b"", {"Retry-After": "1"}), Scripted(503, b"x"), Scripted(200, CSV))
    assert read(graph) == CSV
    assert naps == [1.0, 4.0]
    throttled, failed, last = (seen.connection for seen in server.seen[-3:])
    assert throttled == failed
    assert failed != last


def test_a_refused_token_is_replaced_once(server, open_client):
    will_discover(server, 2)
    will_issue(server, issued("first"), issued("second"))
    server.will_answer(COUNTS, Scripted(401), Scripted(200, CSV))
    with open_client() as graph:
        assert read(graph) == CSV
    assert [seen.headers.get("authorization") for seen in server.seen if seen.target.startswith("/v1.0/")] == [
        "Bearer first",
        "Bearer second",
    ]


def test_a_fresh_token_that_is_refused_too_ends_it(server, open_client):
    will_discover(server, 2)
    will_issue(server, issued("first"), issued("second"))
    server.will_answer(COUNTS, Scripted(401), Scripted(401))
    with open_client() as graph, pytest.raises(GraphRefusedError, match="fresh token was refused too"):
        read(graph)


def test_no_network_is_said_to_be_so_and_shows_nothing(server, naps, ca_file):
    will_discover(server)
    will_issue(server, issued())
    cloud = cloud_at("https://127.0.0.1:9", server.root)
    tokens = TokenSource(TENANT_ID, "client", SECRET, cloud, ca_file)
    with GraphClient(cloud, tokens, ca_file=ca_file) as graph, pytest.raises(GraphBusyError) as caught:
        read(graph)
    shown = "".join(traceback.format_exception(caught.value))
    assert "check the network" in shown
    assert TOKEN not in shown
    assert SECRET not in shown


def test_a_graph_that_is_not_trusted_is_a_configuration_error(server, cloud, tokens):
    will_sign_in(server)
    with GraphClient(cloud, tokens) as graph, pytest.raises(ConfigError, match="not trusted"):
        read(graph)


def test_a_ca_file_that_cannot_be_used_is_a_configuration_error(cloud, tokens, tmp_path):
    with pytest.raises(ConfigError, match="cannot be used"):
        GraphClient(cloud, tokens, ca_file=tmp_path / "none.pem")


def test_the_log_never_holds_an_address_or_a_token(graph, server, downloads, caplog):
    caplog.set_level(logging.DEBUG)
    server.will_answer(COUNTS, redirect(f"{downloads.root}{ADDRESS}"))
    downloads.will_answer("GET /data/download", Scripted(200, CSV))
    read(graph)
    assert "/v1.0/reports/getOffice365ActivationsUserCounts" in caplog.text
    assert "cret'+" not in caplog.text
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text
