"""The three reports: paths, formats, bytes, paging, versions and refusals."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.conftest import MAIN, RESOURCE, Caller, OpenGraph

USER_COUNTS = "getOffice365ActivationsUserCounts"
USER_DETAIL = "getOffice365ActivationsUserDetail"
PLATFORM_COUNTS = "getOffice365ActivationCounts"
REPORTS = (USER_COUNTS, USER_DETAIL, PLATFORM_COUNTS)
HEADERS = {
    USER_COUNTS: "Report Refresh Date,Product Type,Assigned,Activated,Shared Computer Activation",
    PLATFORM_COUNTS: "Report Refresh Date,Product Type,Windows,Mac,Android,iOS,Windows 10 Mobile",
    USER_DETAIL: "Report Refresh Date,User Principal Name,Display Name,Product Type,Last Activated Date,"
    "Windows,Mac,Windows 10 Mobile,iOS,Android,Activated On Shared Computer",
}


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("spelling", ["{}", "{}()", "microsoft.graph.{}()", "microsoft.graph.{}", "{}/content"])
@pytest.mark.parametrize("report", REPORTS)
def test_every_spelling_of_a_path_leads_to_the_download(
    graph: Caller, version: str, spelling: str, report: str
) -> None:
    hop = graph.get(f"/{version}/reports/{spelling.format(report)}")
    assert (hop.status_code, hop.headers["content-type"]) == (302, "text/plain")
    assert hop.headers["location"].startswith(f"https://{graph.emulator.download_host}/data/download/")
    assert graph.emulator.download_host not in graph.emulator.graph_root
    assert graph.without_token(hop.headers["location"]).text.startswith(f"\ufeff{HEADERS[report]}\r\n")


@pytest.mark.parametrize(
    "query", ["$format=text/csv", "$Format=TEXT/CSV", "%24format=text%2Fcsv", "%24FORMAT=text/CSV", ""]
)
def test_csv_may_be_asked_for_in_any_case_and_encoding(graph: Caller, query: str) -> None:
    assert graph.get(f"/beta/reports/{USER_COUNTS}?{query}").status_code == 302


@pytest.mark.parametrize(
    "query", ["$format=application/json", "$FORMAT=Application/JSON", "%24format=application%2fjson"]
)
def test_json_is_for_beta_only(graph: Caller, query: str) -> None:
    assert graph.get(f"/beta/reports/{USER_COUNTS}?{query}").json()["value"]
    refused = graph.get(f"/v1.0/reports/{USER_COUNTS}?{query}")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["message"]) == ("", "JSON format is not supported.")


def test_csv_has_a_bom_and_crlf_and_nothing_else_for_line_ends(graph: Caller) -> None:
    answer = graph.download(USER_DETAIL)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content.startswith(b"\xef\xbb\xbfReport Refresh Date")
    assert answer.content.count(b"\n") == answer.content.count(b"\r\n") > 100


def test_json_counts_are_plain_numbers_under_documented_names(graph: Caller) -> None:
    answer = graph.get(f"/beta/reports/{USER_COUNTS}?$format=application/json")
    row = answer.json()["value"][0]
    assert list(row) == ["reportRefreshDate", "productType", "assigned", "activated", "sharedComputerActivation"]
    assert row["productType"] == MAIN
    assert isinstance(row["assigned"], int)
    assert "IEEE754Compatible=false" in answer.headers["content-type"]
    platforms = graph.get(f"/beta/reports/{PLATFORM_COUNTS}?$format=application/json").json()["value"][0]
    assert list(platforms)[2:] == ["windows", "mac", "android", "ios", "windows10Mobile"]


def pages_of(graph: Caller, path: str) -> list[list[dict[str, Any]]]:
    pages = []
    url: str | None = path
    while url:
        answer = graph.get(url).json()
        pages.append(answer["value"])
        url = answer.get("@odata.nextLink")
    return pages


@pytest.mark.parametrize(("top", "expected"), [("", 3), ("&$top=100", 5), ("&$TOP=999", 1)])
def test_json_detail_comes_in_pages_that_lose_and_repeat_nobody(open_graph: OpenGraph, top: str, expected: int) -> None:
    graph = open_graph(users=500)
    pages = pages_of(graph, f"/beta/reports/{USER_DETAIL}?$format=application/json{top}")
    users = [user for page in pages for user in page]
    assert len(pages) == expected
    from_csv = [(row["User Principal Name"], row["Product Type"]) for row in graph.csv_rows(USER_DETAIL)]
    nested = [
        (user["userPrincipalName"], count["productType"].upper())
        for user in users
        for count in user["userActivationCounts"]
    ]
    assert nested == from_csv


def test_pages_keep_the_refresh_date_they_began_with(open_graph: OpenGraph) -> None:
    graph = open_graph(users=500)
    first = graph.get(f"/beta/reports/{USER_DETAIL}?$format=application/json").json()
    graph.emulator.advance(days=1)
    second = graph.get(first["@odata.nextLink"]).json()
    assert first["value"][0]["reportRefreshDate"] == second["value"][0]["reportRefreshDate"]


@pytest.mark.parametrize("query", ["$top=0", "$top=many", "$skiptoken=AAAA", "$format=text/html"])
def test_senseless_query_options_are_refused(graph: Caller, query: str) -> None:
    base = "" if query.startswith("$format") else "$format=application/json&"
    assert graph.get(f"/beta/reports/{USER_DETAIL}?{base}{query}").status_code == 400


@pytest.mark.parametrize(
    "path", [f"/v1.0/reports/{USER_COUNTS}", f"/beta/reports/{USER_DETAIL}?$format=application/json"]
)
def test_an_unchanged_report_is_a_304_until_the_next_refresh(graph: Caller, path: str) -> None:
    etag = graph.get(path).headers["etag"]
    same = graph.http.get(path, headers={"If-None-Match": etag})
    graph.emulator.advance(days=1)
    moved = graph.http.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    assert moved.status_code != 304


def test_the_download_has_the_etag_of_its_redirect(graph: Caller) -> None:
    hop = graph.get(f"/v1.0/reports/{USER_COUNTS}")
    assert graph.without_token(hop.headers["location"]).headers["etag"] == hop.headers["etag"]


def test_a_download_url_expires_and_says_so(open_graph: OpenGraph) -> None:
    graph = open_graph(download_lifetime_s=120)
    url = graph.get(f"/v1.0/reports/{USER_COUNTS}").headers["location"]
    assert graph.without_token(url).status_code == 200
    graph.emulator.advance(seconds=121)
    assert graph.without_token(url).status_code == 403
    assert graph.without_token(url + "x").status_code == 404


def test_a_download_refuses_an_authorization_header_and_the_journal_tells(graph: Caller) -> None:
    url = graph.get(f"/v1.0/reports/{USER_COUNTS}").headers["location"]
    assert graph.get(url).status_code == 401
    assert graph.emulator.violations() == ("sent an Authorization header to the download host",)
    assert graph.without_token(url).status_code == 200


@pytest.mark.parametrize("cloud", ["us-gov-l4", "us-gov-l5", "china"])
def test_outside_the_global_cloud_only_beta_has_the_reports(open_graph: OpenGraph, cloud: str) -> None:
    graph = open_graph(cloud=cloud)
    refused = graph.get(f"/v1.0/reports/{USER_COUNTS}")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == f"Resource not found for the segment '{USER_COUNTS}'."
    assert graph.get(f"/beta/reports/{USER_COUNTS}").status_code == 302


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ("2017", "Report Refresh Date,Product Type,Assigned,Activated"),
        ("extra", f"{HEADERS[USER_COUNTS]},Is Deleted"),
    ],
)
def test_columns_come_and_go_with_the_version(open_graph: OpenGraph, columns: str, header: str) -> None:
    text = open_graph(columns=columns).download(USER_COUNTS).content.decode("utf-8-sig")
    assert text.splitlines()[0] == header


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", f"/beta/reports/{USER_COUNTS}", 405, "Specified HTTP method is not allowed for the request target."),
        ("GET", "/beta/reports/getSomethingElse", 400, "Resource not found for the segment 'getSomethingElse'."),
        ("GET", "/v3.0/reports/x", 400, "Invalid version: v3.0."),
        ("GET", "/", 400, "Invalid version: ."),
        (
            "GET",
            "/v1.0/office365ActivationsUserCounts",
            400,
            "Resource not found for the segment 'office365ActivationsUserCounts'.",
        ),
    ],
)
def test_errors_look_like_graphs(graph: Caller, method: str, path: str, status: int, words: str) -> None:
    answer = graph.http.request(method, path, headers={"client-request-id": "mine"})
    error = answer.json()["error"]
    assert (answer.status_code, error["message"]) == (status, words)
    assert error["innerError"]["client-request-id"] == answer.headers["client-request-id"] == "mine"
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", error["innerError"]["date"])
    assert "ServerInfo" in answer.headers["x-ms-ags-diagnostic"]


def test_a_product_with_an_apostrophe_survives_a_filter(open_graph: OpenGraph) -> None:
    graph = open_graph(products=("Teacher's Apps, classroom",))
    query = quote("productType eq 'teacher''s apps, classroom'")
    assert graph.get(f"{RESOURCE}?$filter={query}").json()["value"]["productType"] == "Teacher's Apps, classroom"
    assert graph.csv_rows(USER_COUNTS)[0]["Product Type"] == "TEACHER'S APPS, CLASSROOM"
