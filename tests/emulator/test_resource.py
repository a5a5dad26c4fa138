"""The write-back resource: which row is meant, what a strict service takes, and what it answers."""

import uuid
from typing import Any

import pytest

from tests.emulator.conftest import MAIN, RESOURCE, Caller, OpenGraph

TYPE = "#microsoft.graph.office365ActivationsUserCounts"
FULL = {"@odata.type": TYPE, "assigned": 300, "activated": 200, "sharedComputerActivation": 100}


def held(graph: Caller, product: str = MAIN) -> tuple[int, int, int]:
    """What the emulator's resource holds of a product now, asked behind HTTP's back."""
    row_id = graph.row_id(product)
    rows = graph.emulator.rows(graph.tenant.tenant_id)
    return next(tuple(row.counts) for row in rows if row.id == row_id)


def test_a_full_patch_answers_with_the_updated_object(graph: Caller) -> None:
    answer = graph.patch({**FULL, **graph.key()})
    assert answer.status_code == 200
    assert answer.json() == {**FULL, **graph.key(), "id": graph.row_id()}
    assert str(uuid.UUID(answer.json()["id"])) == answer.json()["id"]
    assert held(graph) == (300, 200, 100)


def test_a_row_may_be_addressed_by_its_id_alone(graph: Caller) -> None:
    assert graph.patch({"id": graph.row_id(), "activated": 5}).json()["activated"] == 5


@pytest.mark.parametrize("spelling", [MAIN.upper(), f"  {MAIN.lower()} ", MAIN.replace(" ", "  ")])
def test_a_product_is_recognised_however_it_is_spelled(graph: Caller, spelling: str) -> None:
    answer = graph.patch({**graph.key(spelling), "activated": 5})
    assert answer.json()["id"] == graph.row_id(answer.json()["productType"])
    assert graph.emulator.report_counts(graph.tenant.tenant_id)[MAIN.upper()].activated == 5


def test_absent_properties_stay_as_they_are_and_so_do_other_rows(graph: Caller) -> None:
    before, others = held(graph), graph.emulator.rows(graph.tenant.tenant_id)[1:]
    graph.patch({**graph.key(), "activated": 7})
    assert held(graph) == (before[0], 7, before[2])
    assert graph.emulator.rows(graph.tenant.tenant_id)[1:] == others


def test_sending_twice_changes_nothing_more(graph: Caller) -> None:
    first, second = (graph.patch({**FULL, **graph.key()}).json() for _ in range(2))
    assert first == second


def test_a_past_refresh_date_can_still_be_corrected(graph: Caller) -> None:
    key = graph.key()
    graph.emulator.advance(days=2)
    assert graph.patch({**key, "assigned": 1}).json()["reportRefreshDate"] == key["reportRefreshDate"]
    assert graph.emulator.report_counts(graph.tenant.tenant_id)[MAIN.upper()].assigned != 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"assigned": "300"}, 400, id="text-for-a-number"),
        pytest.param({"assigned": 300.0}, 400, id="float"),
        pytest.param({"assigned": True}, 400, id="boolean"),
        pytest.param({"assigned": -1}, 400, id="negative"),
        pytest.param({"assigned": 2**63}, 400, id="beyond-int64"),
        pytest.param({"assigned": None}, 400, id="null"),
        pytest.param({"assignedUsers": 1}, 400, id="unknown-property"),
        pytest.param({"@odata.type": "#microsoft.graph.user"}, 400, id="another-type"),
        pytest.param({"reportRefreshDate": "2026-11-19T00:00:00Z"}, 400, id="date-with-time"),
        pytest.param({"reportRefreshDate": "20261119"}, 400, id="date-in-another-form"),
        pytest.param({"reportRefreshDate": 20261119}, 400, id="date-as-number"),
        pytest.param({"reportRefreshDate": "2026-02-30"}, 400, id="no-such-day"),
        pytest.param({"productType": 1}, 400, id="number-for-text"),
        pytest.param({"productType": " "}, 400, id="blank-product"),
        pytest.param({"productType": None}, 400, id="null-product"),
        pytest.param({"productType": "Clippy"}, 404, id="no-such-product"),
        pytest.param({"reportRefreshDate": "2020-01-01"}, 404, id="no-such-date"),
        pytest.param({"id": "675187d7-87d7-6751-d787-5167d7875167"}, 400, id="id-cannot-be-changed"),
    ],
)
def test_what_a_strict_service_refuses_changes_nothing(graph: Caller, changed: dict[str, Any], status: int) -> None:
    before = graph.emulator.rows(graph.tenant.tenant_id)
    answer = graph.patch({**FULL, **graph.key(), **changed})
    assert (answer.status_code, answer.json()["error"]["code"] != "") == (status, True)
    assert graph.emulator.rows(graph.tenant.tenant_id) == before


def test_an_unknown_id_alone_is_not_found_and_no_address_at_all_is_refused(graph: Caller) -> None:
    assert graph.patch({"id": str(uuid.uuid4()), "assigned": 1}).status_code == 404
    assert graph.patch({"assigned": 1}).status_code == 400
    assert graph.patch({"productType": MAIN, "assigned": 1}).status_code == 400


def test_id_and_key_must_mean_the_same_row(graph: Caller) -> None:
    assert graph.patch({**graph.key("Project Client"), "id": graph.row_id(MAIN), "assigned": 1}).status_code == 400


def test_annotations_of_a_row_that_was_read_may_come_back(graph: Caller) -> None:
    assert graph.patch({**graph.key(), "@odata.context": "x", "@odata.etag": "y", "assigned": 1}).status_code == 200


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b"1", b'{"assigned": NaN}', b"\xff\xfe"])
def test_what_is_not_a_json_object_is_a_400(graph: Caller, content: bytes) -> None:
    answer = graph.http.patch(RESOURCE, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}])
def test_another_content_type_is_a_415(graph: Caller, headers: dict[str, str]) -> None:
    assert graph.http.patch(RESOURCE, content=b"{}", headers=headers).status_code == 415


def test_a_content_type_may_have_parameters(graph: Caller) -> None:
    answer = graph.patch({**graph.key(), "assigned": 1}, Content_Type="application/json; charset=utf-8")
    assert answer.status_code == 200


def test_a_client_may_do_without_the_body_of_the_answer(graph: Caller) -> None:
    answer = graph.patch({**graph.key(), "assigned": 9}, Prefer="return=minimal")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["preference-applied"] == "return=minimal"
    assert held(graph)[0] == 9


def test_if_match_lets_only_the_version_that_was_read_be_changed(graph: Caller) -> None:
    etag = graph.patch({**graph.key(), "assigned": 1}).headers["etag"]
    second = graph.patch({**graph.key(), "assigned": 2}, If_Match=etag)
    stale = graph.patch({**graph.key(), "assigned": 3}, If_Match=etag)
    assert (second.status_code, stale.status_code, held(graph)[0]) == (200, 412, 2)
    assert graph.patch({**graph.key(), "assigned": 4}, If_Match="*").status_code == 200
    odd = graph.patch({**graph.key(), "assigned": 5}, If_Match="yesterday")
    assert (odd.status_code, odd.json()["error"]["message"]) == (400, "The If-Match header contains an invalid value.")


def test_reading_gives_all_rows_or_the_one_that_matches(graph: Caller) -> None:
    graph.emulator.advance(days=1)
    date_clause = f"reportRefreshDate eq {graph.emulator.refreshed_on}"
    everything = graph.get(RESOURCE).json()["value"]
    newest = graph.get(f"{RESOURCE}?$filter={date_clause}").json()["value"]
    one = graph.get(f"{RESOURCE}?$filter={date_clause} and productType eq '{MAIN.upper()}'")
    assert (len(everything), len(newest)) == (12, 6)
    assert one.json()["value"]["id"] == graph.row_id()
    assert one.headers["etag"]
    assert graph.get(f"{RESOURCE}?$filter=id eq '{graph.row_id()}'").json() == one.json()
    assert graph.get(f"{RESOURCE}?$filter=productType eq 'Clippy'").json() == {"value": []}


def test_a_row_that_is_read_looks_like_one_that_was_patched(graph: Caller) -> None:
    patched = graph.patch({**FULL, **graph.key()}).json()
    assert graph.get(f"{RESOURCE}?$filter=id eq '{patched['id']}'").json()["value"] == patched


@pytest.mark.parametrize(
    "clause",
    [
        "reportRefreshDate eq '2026-11-19'",
        "reportRefreshDate gt 2026-11-19",
        "reportRefreshDate eq 2026-11-19 or productType eq 'x'",
        "reportRefreshDate eq 2026-11-19 and",
        "assigned eq 3",
        "productType eq x",
        "nonsense",
    ],
)
def test_a_filter_that_is_not_understood_is_refused_rather_than_ignored(graph: Caller, clause: str) -> None:
    assert graph.http.get(RESOURCE, params={"$filter": clause}).status_code == 400


def test_a_deleted_row_is_gone_for_reading_patching_and_the_report(graph: Caller) -> None:
    row_id = graph.row_id()
    assert graph.http.request("DELETE", RESOURCE, json=graph.key()).status_code == 204
    assert graph.get(f"{RESOURCE}?$filter=id eq '{row_id}'").json() == {"value": []}
    assert graph.patch({"id": row_id, "assigned": 1}).status_code == 404
    assert MAIN.upper() not in graph.emulator.report_counts(graph.tenant.tenant_id)


def test_a_row_may_be_deleted_by_filter_but_only_one_at_a_time(graph: Caller) -> None:
    url = f"{RESOURCE}?$filter=id eq '{graph.row_id()}'"
    assert [graph.http.delete(address).status_code for address in (url, url, RESOURCE)] == [204, 404, 400]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_other_methods_are_not_allowed(graph: Caller, method: str) -> None:
    answer = graph.http.request(method, RESOURCE, json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "Request_BadRequest")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
def test_the_real_service_has_no_such_resource(open_graph: OpenGraph, method: str) -> None:
    graph = open_graph(write_back="real-service")
    answer = graph.http.request(method, RESOURCE, json=graph.key())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"] == "Resource not found for the segment 'office365ActivationsUserCounts'."
    assert graph.csv_rows("getOffice365ActivationsUserCounts")
