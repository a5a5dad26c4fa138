"""The figures behind the reports: they add up, they move from day to day, and the counts report trails the detail."""

import collections
import re
import tracemalloc

import pytest

from activation_sync.emulator.tenant.figures import EmulatedCounts
from tests.emulator.conftest import MAIN, RESOURCE, Caller, OpenGraph

USER_COUNTS = "getOffice365ActivationsUserCounts"
USER_DETAIL = "getOffice365ActivationsUserDetail"
PLATFORM_COUNTS = "getOffice365ActivationCounts"


def counted(rows: list[dict[str, str]]) -> dict[str, EmulatedCounts]:
    """The detail added up by the rule every client must follow."""
    totals: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    platforms = ("Windows", "Mac", "Windows 10 Mobile", "iOS", "Android")
    for row in rows:
        is_shared = row["Activated On Shared Computer"] == "True"
        is_activated = is_shared or row["Last Activated Date"] != "" or any(row[name] != "0" for name in platforms)
        for index, holds in enumerate((True, is_activated, is_shared)):
            totals[row["Product Type"]][index] += holds
    return {product: EmulatedCounts(*total) for product, total in totals.items()}


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


def test_concealed_names_hide_users_but_keep_them_apart(open_graph: OpenGraph) -> None:
    open_, hidden = open_graph(conceal_names=False), open_graph(conceal_names=True)
    names = [[row["User Principal Name"] for row in graph.csv_rows(USER_DETAIL)] for graph in (open_, hidden)]
    assert all(re.fullmatch(r"[0-9A-F]{32}", name) for name in names[1])
    assert len(set(names[0])) == len(set(names[1]))
    settings = [graph.get("/v1.0/admin/reportSettings").json()["displayConcealedNames"] for graph in (open_, hidden)]
    assert settings == [False, True]


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
