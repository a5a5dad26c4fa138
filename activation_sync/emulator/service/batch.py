"""`POST $batch`: up to twenty calls in one, each answered as if it had come alone.

Source: learn.microsoft.com/graph/json-batching
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activation_sync.emulator.http.answers import Call, EmulatedReply, Refusal, Visit, Wire, json_reply

MAX_ITEMS = 20
Answer = Callable[[Call], EmulatedReply]


@dataclass(frozen=True, slots=True)
class Item:
    """One call of a batch. after: ids of the items that must have succeeded before."""

    id: str
    call: Call
    after: tuple[str, ...]


def serve_batch(visit: Visit, answer: Answer) -> EmulatedReply:
    """Answer every item; the responses come in another order than the requests, as Graph reserves to do."""
    replies: dict[str, EmulatedReply] = {}
    for item in _in_order(_read_items(visit.call)):
        failed = any(replies[name].status >= 400 for name in item.after)
        replies[item.id] = _failed_dependency() if failed else answer(item.call)
    responses = [_response(name, reply) for name, reply in reversed(replies.items())]
    broken = next((reply.wire for reply in replies.values() if reply.wire.act != "whole"), Wire())
    return replace(json_reply({"responses": responses}), wire=broken)


def _read_items(call: Call) -> list[Item]:
    try:
        requests = json.loads(call.body)["requests"]
        items = [_read_item(call, request) for request in requests]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refusal(400, "BadRequest", "Unable to read JSON request payload: 'requests' was expected.") from None
    if not 0 < len(items) <= MAX_ITEMS:
        text = f"Number of batch request steps is {len(items)}; the maximum value is {MAX_ITEMS}."
        raise Refusal(400, "BadRequest", text)
    if len({item.id.lower() for item in items}) < len(items):
        raise Refusal(400, "BadRequest", "Each batch request step needs an id of its own.")
    return items


def _read_item(outer: Call, request: Mapping[str, Any]) -> Item:
    headers = {str(name).lower(): str(value) for name, value in request.get("headers", {}).items()}
    name, body = str(request["id"]), request.get("body")
    if body is not None and "content-type" not in headers:
        raise Refusal(400, "BadRequest", f"Write request id : {name} does not contain Content-Type header or body.")
    path, _, query = str(request["url"]).partition("?")
    version = outer.path.strip("/").split("/")[0]
    call = Call(
        method=str(request["method"]).upper(),
        path=f"/{version}/{path.lstrip('/')}",
        query_string=query,
        headers={"authorization": outer.headers.get("authorization", ""), **headers},
        body=b"" if body is None else json.dumps(body).encode(),
        is_batch_item=True,
    )
    return Item(name, call, tuple(request.get("dependsOn", ())))


def _in_order(items: list[Item]) -> list[Item]:
    """The items so that each comes after those it depends on."""
    ordered: list[Item] = []
    waiting, done = list(items), set[str]()
    while waiting:
        ready = [item for item in waiting if done.issuperset(item.after)]
        if not ready:
            raise Refusal(400, "BadRequest", "'dependsOn' names a request that does not exist, or goes in a circle.")
        ordered += ready
        done |= {item.id for item in ready}
        waiting = [item for item in waiting if item.id not in done]
    return ordered


def _failed_dependency() -> EmulatedReply:
    body = {"error": {"code": "FailedDependency", "message": "A request this one depends on has failed."}}
    return json_reply(body, 424, {"Content-Type": "application/json"})


def _response(name: str, reply: EmulatedReply) -> dict[str, Any]:
    response: dict[str, Any] = {"id": name, "status": reply.status, "headers": dict(reply.headers)}
    body = reply.whole_body()
    if not body:
        return response
    try:
        return response | {"body": json.loads(body)}
    except ValueError:
        return response | {"body": body.decode("utf-8", "replace")}
