"""Scripted faults: each kind does what it says, once, and is accounted for."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from activation_sync.emulator import Fault
from activation_sync.emulator.faults import faults
from activation_sync.emulator.faults.faults import DOWNLOADS, GRAPH_OPERATIONS, KINDS, OPERATIONS
from tests.emulator.conftest import MAIN, RESOURCE, Caller

GET_COUNTS = "GET getOffice365ActivationsUserCounts"
DOWNLOAD_COUNTS = "download getOffice365ActivationsUserCounts"
DOWNLOAD_DETAIL = "download getOffice365ActivationsUserDetail"
PATCH = "PATCH office365ActivationsUserCounts"
COUNTS, DETAIL = "getOffice365ActivationsUserCounts", "getOffice365ActivationsUserDetail"
COUNTS_PATH = f"/beta/reports/{COUNTS}"
COUNTS_JSON = f"{COUNTS_PATH}?$format=application/json"


def assigned(graph: Caller) -> int:
    return graph.emulator.rows(graph.tenant.tenant_id)[0].counts.assigned


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 429, 500, 501, 502, 503, 504])
def test_any_status_is_answered_once_and_in_graphs_shape(graph: Caller, status: int) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(status))
    answer = graph.get(COUNTS_PATH)
    assert answer.status_code == status
    assert answer.json()["error"]["innerError"]["request-id"] == answer.headers["request-id"]
    assert graph.get(COUNTS_PATH).status_code == 302


def test_a_504_has_an_empty_message_and_words_can_be_chosen(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(504))
    graph.emulator.will_answer(GET_COUNTS, Fault(403, code="MissingCredentials", message="Valid header is needed."))
    errors = [graph.get(COUNTS_PATH).json()["error"] for _ in range(2)]
    assert [(error["code"], error["message"]) for error in errors] == [
        ("UnknownError", ""),
        ("MissingCredentials", "Valid header is needed."),
    ]


def test_retry_after_comes_as_seconds_as_a_date_or_not_at_all(graph: Caller) -> None:
    for fault in (Fault(429, retry_after_s=7), Fault(503, retry_after_s=7, retry_after_form="http-date"), Fault(429)):
        graph.emulator.will_answer(GET_COUNTS, fault)
    seconds, moment, none = (graph.get(COUNTS_PATH).headers.get("retry-after") for _ in range(3))
    assert (seconds, none) == ("7", None)
    assert moment is not None
    assert 6 < (parsedate_to_datetime(moment) - datetime.now(UTC)).total_seconds() <= 8


def test_a_body_may_be_empty_or_html(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(502, body="empty"))
    graph.emulator.will_answer(GET_COUNTS, Fault(502, body="html"))
    empty, html = graph.get(COUNTS_PATH), graph.get(COUNTS_PATH)
    assert (empty.status_code, empty.content) == (502, b"")
    assert (html.status_code, html.text[:15]) == (502, "<!DOCTYPE html>")


@pytest.mark.parametrize("operation", [DOWNLOAD_COUNTS, GET_COUNTS])
def test_an_html_page_may_pretend_to_be_a_success(graph: Caller, operation: str) -> None:
    graph.emulator.will_answer(operation, Fault(kind="html"))
    answer = graph.download(COUNTS) if operation == DOWNLOAD_COUNTS else graph.get(COUNTS_JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert "<html>" in answer.text


def test_the_token_endpoint_fails_in_entras_shape(graph: Caller) -> None:
    graph.emulator.will_answer("token", Fault(503, retry_after_s=3))
    answer = graph.ask_token()
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (
        503,
        "temporarily_unavailable",
        "3",
    )
    assert graph.ask_token().status_code == 200


def test_discovery_fails_for_the_tenant_it_was_scripted_for(graph: Caller) -> None:
    paths = [f"/{tenant.tenant_id}/v2.0/.well-known/openid-configuration" for tenant in graph.emulator.tenants]
    graph.emulator.will_answer("discovery", Fault(500), tenant=graph.emulator.tenants[1].name)
    assert [graph.get(path).status_code for path in (*paths, *paths)] == [200, 500, 200, 200]


def test_a_reset_before_the_answer_applies_nothing(graph: Caller) -> None:
    before = assigned(graph)
    graph.emulator.will_answer(PATCH, Fault(kind="reset-before-answer"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        graph.patch({**graph.key(), "assigned": 77})
    assert assigned(graph) == before
    assert graph.emulator.journal()[-1].status is None


def test_a_lost_answer_was_applied_all_the_same(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        graph.patch({**graph.key(), "assigned": 77})
    assert assigned(graph) == 77


def test_a_refusal_may_be_lost_too(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        graph.patch({**graph.key(), "assigned": -1})


def read_broken(graph: Caller) -> bytes:
    """What arrives of a download before its connection breaks; fails if it does not break."""
    url = graph.get(f"/v1.0/reports/{DETAIL}").headers["location"]
    request = graph.http.build_request("GET", url)
    del request.headers["Authorization"]
    arrived: list[bytes] = []
    chunks = graph.http.send(request, stream=True).iter_bytes()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        arrived.extend(chunks)  # keeps what came before the break
    return b"".join(arrived)


def test_a_reset_after_the_body_leaves_the_client_unsure_of_the_end(graph: Caller) -> None:
    whole = graph.download(DETAIL).content
    graph.emulator.will_answer(DOWNLOAD_DETAIL, Fault(kind="reset-after-body"))
    assert read_broken(graph) == whole


@pytest.mark.parametrize("kind", ["cut-length", "cut-chunked", "reset-within-body"])
def test_a_broken_body_can_be_noticed_by_its_framing(graph: Caller, kind: str) -> None:
    whole = graph.download(DETAIL).content
    graph.emulator.will_answer(DOWNLOAD_DETAIL, Fault(kind=kind, after_bytes=700))
    assert read_broken(graph) == whole[:700]


def test_a_clean_cut_cannot_be_noticed_by_framing(graph: Caller) -> None:
    whole = graph.download(DETAIL).content
    graph.emulator.will_answer(DOWNLOAD_DETAIL, Fault(kind="cut-clean"))
    answer = graph.download(DETAIL)
    assert (answer.status_code, answer.content) == (200, whole[: len(whole) // 2])


def test_a_drip_arrives_whole_but_byte_by_byte(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(429, body="empty"))
    graph.get(COUNTS_PATH)
    whole = graph.get(COUNTS_JSON).content
    graph.emulator.will_answer(GET_COUNTS, Fault(kind="drip", pause_s=0.0005))
    with graph.http.stream("GET", COUNTS_JSON) as answer:
        pieces = list(answer.iter_raw())
    assert b"".join(pieces) == whole
    assert len(pieces) > 20


def test_a_client_that_gives_up_a_drip_does_not_hold_the_emulator(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(kind="drip", pause_s=60.0))
    with pytest.raises(httpx.ReadTimeout):
        graph.http.get(COUNTS_JSON, timeout=0.2)
    assert graph.get(COUNTS_PATH).status_code == 302


def test_an_expired_url_is_refused_and_a_new_one_works(graph: Caller) -> None:
    graph.emulator.will_answer(DOWNLOAD_COUNTS, Fault(kind="expired-url"))
    assert [graph.download(COUNTS).status_code for _ in range(2)] == [403, 200]


def test_an_expired_token_is_a_401(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(kind="expired-token"))
    answer = graph.patch({**graph.key(), "assigned": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_a_tenant_without_usage_is_unknown(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(kind="unknown-tenant"))
    answer = graph.get(COUNTS_PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "UnknownTenantId")


@pytest.mark.parametrize("kind", ["ignored", "echoed"])
def test_a_patch_may_succeed_without_being_stored(graph: Caller, kind: str) -> None:
    before = assigned(graph)
    graph.emulator.will_answer(PATCH, Fault(kind=kind))
    answer = graph.patch({**graph.key(), "assigned": 77})
    assert (answer.status_code, answer.json()["assigned"]) == (200, before if kind == "ignored" else 77)
    assert assigned(graph) == before
    assert graph.patch({**graph.key(), "assigned": 77}).json()["assigned"] == assigned(graph) == 77


@pytest.mark.parametrize(("kind", "moved"), [("touched", 0), ("overtaken", 7)])
def test_another_client_may_write_a_row_just_before_a_patch(graph: Caller, kind: str, moved: int) -> None:
    etag, before = graph.patch({**graph.key(), "assigned": 7}).headers["etag"], assigned(graph)
    graph.emulator.will_answer(PATCH, Fault(kind=kind))
    answers = [graph.patch({**graph.key(), "assigned": 77}, If_Match=etag).status_code for _ in range(2)]
    assert (answers, assigned(graph)) == ([412, 412], before + moved)


@pytest.mark.parametrize("status", [404, 409, 412])
def test_one_row_may_be_refused_while_others_pass(graph: Caller, status: int) -> None:
    graph.emulator.will_answer(PATCH, Fault(status, product="project client"))
    row_id = graph.row_id("Project Client")
    assert graph.patch({**graph.key(MAIN), "assigned": 1}).status_code == 200
    assert graph.patch({"id": row_id, "assigned": 1}).status_code == status


CONTENT = ("empty", "header-only", "first-100-rows", "duplicate-row", "words-for-numbers", "utf-16", "columns-2017")


@pytest.mark.parametrize("operation", [DOWNLOAD_DETAIL, "GET getOffice365ActivationsUserDetail"])
@pytest.mark.parametrize("kind", CONTENT)
def test_nasty_files_come_as_ordinary_downloads(graph: Caller, kind: str, operation: str) -> None:
    whole = graph.download(DETAIL).content.decode("utf-8-sig").splitlines()
    graph.emulator.will_answer(operation, Fault(kind=kind))
    answer = graph.download(DETAIL)
    assert answer.status_code == 200
    lines = answer.content.decode("utf-16" if kind == "utf-16" else "utf-8-sig").splitlines()
    expected = {
        "empty": [],
        "header-only": whole[:1],
        "first-100-rows": whole[:101],
        "duplicate-row": [*whole[:2], *whole[1:]],
        "words-for-numbers": [whole[0], whole[1].replace(",0,False", ",many,False"), *whole[2:]],
        "utf-16": whole,
        "columns-2017": [line.rpartition(",")[0] for line in whole],
    }
    assert lines == expected[kind]
    assert graph.download(DETAIL).content.decode("utf-8-sig").splitlines() == whole


def test_nasty_files_exist_as_json_too(graph: Caller) -> None:
    for kind in ("empty", "header-only", "duplicate-row", "words-for-numbers"):
        graph.emulator.will_answer(GET_COUNTS, Fault(kind=kind))
    assert graph.get(COUNTS_JSON).content == b""
    assert graph.get(COUNTS_JSON).json()["value"] == []
    doubled = graph.get(COUNTS_JSON).json()["value"]
    assert doubled[0] == doubled[1]
    assert graph.get(COUNTS_JSON).json()["value"][0]["sharedComputerActivation"] == "many"


@pytest.mark.parametrize("report", [COUNTS, DETAIL, "getOffice365ActivationCounts"])
def test_a_refresh_date_may_go_backwards(graph: Caller, report: str) -> None:
    yesterday = graph.csv_rows(report) if report != COUNTS else None
    graph.emulator.advance(days=1)
    graph.emulator.will_answer(f"download {report}", Fault(kind="date-backwards"))
    rows = graph.csv_rows(report)
    assert {row["Report Refresh Date"] for row in rows} == {"2026-11-19"}
    assert yesterday in (None, rows)


@pytest.mark.parametrize("report", [COUNTS, DETAIL, "getOffice365ActivationCounts"])
def test_a_known_date_may_be_restated_with_other_figures(graph: Caller, report: str) -> None:
    before = graph.csv_rows(report)
    graph.emulator.will_answer(f"GET {report}", Fault(kind="restated"))
    after = graph.csv_rows(report)
    assert {row["Report Refresh Date"] for row in before + after} == {"2026-11-19"}
    assert before != after


def test_faults_happen_in_the_order_and_as_often_as_scripted(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(503), times=2)
    graph.emulator.will_answer(GET_COUNTS, Fault(429))
    assert [scripted.times_left for scripted in graph.emulator.unused_faults()] == [2, 1]
    assert [graph.get(COUNTS_PATH).status_code for _ in range(4)] == [503, 503, 429, 302]
    assert [entry.fault for entry in graph.emulator.journal()[-4:]] == ["status", "status", "status", ""]


def test_a_fault_of_one_tenant_spares_the_other(graph: Caller) -> None:
    other = Caller(graph.emulator, graph.emulator.tenants[1])
    graph.emulator.will_answer(GET_COUNTS, Fault(503), tenant=other.tenant.tenant_id)
    assert (graph.get(COUNTS_PATH).status_code, other.get(COUNTS_PATH).status_code) == (302, 503)


def test_every_operation_can_be_made_to_fail(graph: Caller) -> None:
    login = f"/{graph.tenant.tenant_id}"
    calls = {
        "discovery": lambda: graph.get(f"{login}/v2.0/.well-known/openid-configuration"),
        "token": graph.ask_token,
        "POST $batch": lambda: graph.http.post("/v1.0/$batch", json={"requests": []}),
        "GET admin/reportSettings": lambda: graph.get("/beta/admin/reportSettings"),
    }
    for method in ("PATCH", "GET", "DELETE"):
        calls[f"{method} office365ActivationsUserCounts"] = lambda method=method: graph.http.request(method, RESOURCE)
    for report in (name.removeprefix("download ") for name in DOWNLOADS):
        calls[f"GET {report}"] = lambda report=report: graph.get(f"/v1.0/reports/{report}")
        calls[f"download {report}"] = lambda report=report: graph.download(report)
    assert set(calls) == set(OPERATIONS)
    for operation, call in calls.items():
        graph.emulator.will_answer(operation, Fault(418))
        assert call().status_code == 418, operation


@pytest.mark.parametrize(
    ("operation", "fault", "words"),
    [
        ("GET nothing", {"status": 503}, "no operation is called 'GET nothing'"),
        (GET_COUNTS, {"kind": "echoed"}, "cannot have the fault 'echoed'"),
        (GET_COUNTS, {"kind": "flood"}, "no fault is called 'flood'"),
        (GET_COUNTS, {}, "needs a status"),
    ],
)
def test_a_fault_that_could_never_happen_is_refused_at_once(
    graph: Caller, operation: str, fault: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        graph.emulator.will_answer(operation, Fault(**fault))
    with pytest.raises(ValueError, match="no tenant is called"):
        graph.emulator.will_answer(GET_COUNTS, Fault(503), tenant="nobody")


def test_the_readme_explains_every_kind() -> None:
    readme = (Path(faults.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in readme] == []


def test_every_kind_names_operations_that_exist() -> None:
    assert all(set(operations) <= set(OPERATIONS) and operations for operations in KINDS.values())
    assert set(GRAPH_OPERATIONS) < set(OPERATIONS)
