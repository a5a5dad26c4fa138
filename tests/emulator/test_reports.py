"""The three reports: paths, formats, bytes, paging, and figures that move and lag."""

import collections
import re
import tracemalloc
from typing import Any
from urllib.parse import quote

import pytest

from activation_sync.emulator.figures import Counts
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


def counted(rows: list[dict[str, str]]) -> dict[str, Counts]:
    """The detail added up by the rule every client must follow."""
    totals: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    platforms = ("Windows", "Mac", "Windows 10 Mobile", "iOS", "Android")
    for row in rows:
        is_shared = row["Activated On Shared Computer"] == "True"
        is_activated = is_shared or row["Last Activated Date"] != "" or any(row[name] != "0" for name in platforms)
        for index, holds in enumerate((True, is_activated, is_shared)):
            totals[row["Product Type"]][index] += holds
    return {product: Counts(*total) for product, total in totals.items()}


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


def test_names_are_awkward_and_belong_to_the_tenants_domain(graph: Caller) -> None:
    rows = graph.csv_rows(USER_DETAIL)
    assert all(re.fullmatch(r"[a-z.\-0-9]+@contoso\.onmicrosoft\.example", row["User Principal Name"]) for row in rows)
    names = {row["Display Name"] for row in rows}
    assert any("," in name for name in names)
    assert any(not name.isascii() for name in names)


@pytest.mark.parametrize("users", [0, 1, 7, 200, 3000])
@pytest.mark.parametrize("days", [0, 3, 60])
def test_the_detail_adds_up_to_what_the_emulator_says(open_graph: OpenGraph, users: int, days: int) -> None:
    graph = open_graph(users=users)
    graph.emulator.advance(days=days)
    assert counted(graph.csv_rows(USER_DETAIL)) == graph.emulator.detail_counts(graph.tenant.tenant_id)


def test_platform_counts_are_the_sums_of_the_detail(graph: Caller) -> None:
    detail = graph.csv_rows(USER_DETAIL)
    for row in graph.csv_rows(PLATFORM_COUNTS):
        of_product = [user for user in detail if user["Product Type"] == row["Product Type"]]
        for platform in ("Windows", "Mac", "Android", "iOS", "Windows 10 Mobile"):
            assert int(row[platform]) == sum(int(user[platform]) for user in of_product)


def test_some_hold_a_licence_they_never_activated_and_some_hold_several(graph: Caller) -> None:
    rows = graph.csv_rows(USER_DETAIL)
    assert any(row["Last Activated Date"] == "" for row in rows)
    assert any(row["Activated On Shared Computer"] == "True" for row in rows)
    assert max(collections.Counter(row["User Principal Name"] for row in rows).values()) > 1


def test_the_counts_report_trails_the_detail_for_some_products(graph: Caller) -> None:
    published = graph.emulator.report_counts(graph.tenant.tenant_id)
    detail = graph.emulator.detail_counts(graph.tenant.tenant_id)
    assert published.keys() == detail.keys()
    assert published[MAIN.upper()] != detail[MAIN.upper()]
    assert any(published[product] == detail[product] for product in detail)


def test_without_lag_both_reports_agree(open_graph: OpenGraph) -> None:
    graph = open_graph(max_lag_days=0)
    tenant_id = graph.tenant.tenant_id
    assert graph.emulator.report_counts(tenant_id) == graph.emulator.detail_counts(tenant_id)


def test_a_new_refresh_date_brings_new_figures(graph: Caller) -> None:
    before, day_before = graph.csv_rows(USER_COUNTS), graph.emulator.refreshed_on
    graph.emulator.advance(days=1)
    after = graph.csv_rows(USER_COUNTS)
    assert (graph.emulator.refreshed_on - day_before).days == 1
    assert {row["Report Refresh Date"] for row in after} == {graph.emulator.refreshed_on.isoformat()}
    assert [row["Activated"] for row in before] != [row["Activated"] for row in after]


def test_the_same_seed_shows_the_same_figures_and_another_seed_others(open_graph: OpenGraph) -> None:
    first, again, other = (open_graph(seed=seed).download(USER_DETAIL).content for seed in (3, 3, 4))
    assert first == again != other


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


def test_an_accepted_patch_shows_in_the_report_at_once_by_default(graph: Caller) -> None:
    etag = graph.get(f"/v1.0/reports/{USER_COUNTS}").headers["etag"]
    graph.patch({**graph.key(), "activated": 4321})
    assert graph.csv_rows(USER_COUNTS)[0]["Activated"] == "4321"
    assert graph.get(f"/v1.0/reports/{USER_COUNTS}").headers["etag"] != etag


def shown_after_refreshes(graph: Caller, refreshes: int) -> list[bool]:
    graph.patch({**graph.key(), "activated": 4321})
    shown = []
    for _ in range(refreshes):
        shown.append(graph.csv_rows(USER_COUNTS)[0]["Activated"] == "4321")
        graph.emulator.advance(refreshes=1)
    return shown


def test_a_report_may_follow_a_patch_two_refreshes_late(open_graph: OpenGraph) -> None:
    graph = open_graph(report_follows=2)
    assert shown_after_refreshes(graph, 4) == [False, False, True, True]
    assert graph.get(f"{RESOURCE}?$filter=productType eq '{MAIN}'").json()["value"]["activated"] == 4321


def test_a_report_may_never_follow_a_patch(open_graph: OpenGraph) -> None:
    assert shown_after_refreshes(open_graph(report_follows=None), 4) == [False] * 4


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


def test_concealed_names_hide_users_but_keep_them_apart(open_graph: OpenGraph) -> None:
    open_, hidden = open_graph(conceal_names=False), open_graph(conceal_names=True)
    names = [[row["User Principal Name"] for row in graph.csv_rows(USER_DETAIL)] for graph in (open_, hidden)]
    assert all(re.fullmatch(r"[0-9A-F]{32}", name) for name in names[1])
    assert len(set(names[0])) == len(set(names[1]))
    settings = [graph.get("/v1.0/admin/reportSettings").json()["displayConcealedNames"] for graph in (open_, hidden)]
    assert settings == [False, True]


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


def test_a_hundred_thousand_users_stream_with_flat_memory(open_graph: OpenGraph) -> None:
    graph = open_graph(users=110_000)
    url = graph.get(f"/v1.0/reports/{USER_DETAIL}").headers["location"]
    request = graph.http.build_request("GET", url)
    del request.headers["Authorization"]
    tracemalloc.start()
    try:
        answer = graph.http.send(request, stream=True)
        lines = sum(chunk.count(b"\n") for chunk in answer.iter_bytes())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == 1 + sum(counts.assigned for counts in graph.emulator.detail_counts(graph.tenant.tenant_id).values())
    assert lines > 110_000
    assert peak_bytes < 12_000_000


def test_a_product_with_an_apostrophe_survives_a_filter(open_graph: OpenGraph) -> None:
    graph = open_graph(products=("Teacher's Apps, classroom",))
    query = quote("productType eq 'teacher''s apps, classroom'")
    assert graph.get(f"{RESOURCE}?$filter={query}").json()["value"]["productType"] == "Teacher's Apps, classroom"
    assert graph.csv_rows(USER_COUNTS)[0]["Product Type"] == "TEACHER'S APPS, CLASSROOM"
