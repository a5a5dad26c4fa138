"""`$batch`: every item answered as if it had come alone, in another order, and no rule of the envelope forgotten."""

from typing import Any

import httpx
import pytest

from activation_sync.emulator import Fault
from tests.emulator.conftest import MAIN, Caller

PATCH = "PATCH office365ActivationsUserCounts"
JSON = {"Content-Type": "application/json"}


def patch_item(name: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "method": "PATCH",
        "url": "/office365ActivationsUserCounts",
        "headers": JSON,
        "body": body,
        **more,
    }


def send(graph: Caller, items: list[dict[str, Any]]) -> httpx.Response:
    return graph.http.post("/beta/$batch", json={"requests": items})


def by_id(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    return {response["id"]: response for response in answer.json()["responses"]}


def test_items_go_through_the_same_doors_as_calls_of_their_own(graph: Caller) -> None:
    items = [
        patch_item("a", {**graph.key(), "assigned": 1}),
        patch_item("b", {**graph.key(), "assigned": "1"}),
        {"id": "c", "method": "GET", "url": "reports/getOffice365ActivationsUserCounts?$format=application/json"},
        {"id": "d", "method": "GET", "url": "/reports/getOffice365ActivationsUserCounts"},
        {"id": "e", "method": "GET", "url": "/$batch"},
    ]
    answers = by_id(send(graph, items))
    assert {name: answers[name]["status"] for name in answers} == {"a": 200, "b": 400, "c": 200, "d": 302, "e": 400}
    assert answers["a"]["body"]["assigned"] == 1
    assert answers["b"]["body"]["error"]["innerError"]["request-id"]
    assert answers["d"]["headers"]["Location"].startswith("https://")


def test_responses_come_in_another_order_than_requests(graph: Caller) -> None:
    items = [patch_item(str(number), {**graph.key(), "assigned": number}) for number in range(5)]
    answered = [response["id"] for response in send(graph, items).json()["responses"]]
    assert sorted(answered) == [item["id"] for item in items] != answered


def test_the_journal_tells_items_from_the_envelope(graph: Caller) -> None:
    send(graph, [patch_item("a", {**graph.key(), "assigned": 1}), patch_item("b", {**graph.key(), "assigned": 2})])
    last = graph.emulator.journal()[-3:]
    assert [(entry.operation, entry.is_batch_item) for entry in last] == [
        (PATCH, True),
        (PATCH, True),
        ("POST $batch", False),
    ]
    assert [entry.body["assigned"] for entry in last[:2]] == [1, 2]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda items: [{**items[0], "id": str(number)} for number in range(21)], id="more-than-twenty"),
        pytest.param(lambda _: [], id="none"),
        pytest.param(lambda items: [items[0], {**items[0], "id": "A"}], id="ids-differ-in-case-only"),
        pytest.param(lambda items: [{**items[0], "headers": {}}], id="body-without-content-type"),
        pytest.param(lambda items: [{**items[0], "dependsOn": ["z"]}], id="depends-on-nobody"),
        pytest.param(lambda items: [{**items[0], "dependsOn": ["a"]}], id="depends-on-itself"),
        pytest.param(lambda _: [{"id": "a"}], id="no-method"),
        pytest.param(lambda _: "requests", id="not-a-list"),
    ],
)
def test_a_malformed_envelope_is_refused_as_a_whole(graph: Caller, spoil: Any) -> None:
    before = graph.emulator.rows(graph.tenant.tenant_id)
    answer = send(graph, spoil([patch_item("a", {**graph.key(), "assigned": 1})]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert graph.emulator.rows(graph.tenant.tenant_id) == before


def test_twenty_items_are_still_welcome(graph: Caller) -> None:
    items = [patch_item(str(number), {**graph.key(), "assigned": number}) for number in range(20)]
    assert [response["status"] for response in send(graph, items).json()["responses"]] == [200] * 20


def test_whoever_depends_on_a_failure_is_not_tried(graph: Caller) -> None:
    items = [
        patch_item("last", {**graph.key(), "assigned": 1}, dependsOn=["middle"]),
        patch_item("middle", {**graph.key(), "assigned": 2}, dependsOn=["first"]),
        patch_item("first", {**graph.key("Clippy"), "assigned": 3}),
        patch_item("free", {**graph.key(), "assigned": 4}),
    ]
    answers = by_id(send(graph, items))
    assert {name: answers[name]["status"] for name in answers} == {
        "first": 404,
        "middle": 424,
        "last": 424,
        "free": 200,
    }


def test_one_item_is_throttled_and_the_others_are_not(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(429, retry_after_s=9, product="Project Client"))
    products = (MAIN, "Project Client", "Office 365 ProPlus")
    answers = by_id(send(graph, [patch_item(product, {**graph.key(product), "assigned": 1}) for product in products]))
    assert [answers[product]["status"] for product in products] == [200, 429, 200]
    assert answers["Project Client"]["headers"]["Retry-After"] == "9"
    assert send(graph, [patch_item("again", {**graph.key(MAIN), "assigned": 2})]).status_code == 200
    assert graph.emulator.violations() == ()
    send(graph, [patch_item("early", {**graph.key("Project Client"), "assigned": 2})])
    assert len(graph.emulator.violations()) == 1


def test_an_item_whose_answer_is_lost_takes_the_whole_answer_with_it(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    with pytest.raises(httpx.TransportError):
        send(graph, [patch_item("a", {**graph.key(), "assigned": 77})])
    assert graph.emulator.report_counts(graph.tenant.tenant_id)[MAIN.upper()].assigned == 77


def test_the_envelope_can_be_refused_too(graph: Caller) -> None:
    graph.emulator.will_answer("POST $batch", Fault(503, retry_after_s=2))
    answer = send(graph, [patch_item("a", {**graph.key(), "assigned": 1})])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert not [entry for entry in graph.emulator.journal() if entry.is_batch_item]
