"""What each kind of fault does: some answer instead of the operation, others spoil the answer it gave.

Kinds that change a report's content stand in `twists`; those that change what a PATCH stores, in `resource`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from activation_sync.emulator.faults.faults import Fault
from activation_sync.emulator.http.answers import EmulatedReply, EntraRefusal, Refusal, Visit, Wire, WireAct
from activation_sync.emulator.service.identity import challenge_claims, unauthorized
from activation_sync.emulator.service.reports import expired_url
from activation_sync.emulator.service.world import World

HTML = (
    b"<!DOCTYPE html>\r\n<html><head><title>Service unavailable</title></head>"
    b"<body><h2>Our services aren't available right now</h2><p>We're working to restore all services.</p></body></html>"
)
# what users posted, see samples of Graph errors; the message of a 504 is empty indeed
_WORDS: Mapping[int, tuple[str, str]] = {
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "Resource does not exist."),
    405: ("Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
    409: ("conflict", "The specified name already exists or conflicts with another."),
    412: ("resourceModified", "The resource has changed since it was read."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("generalException", "An unspecified error has occurred."),
    501: ("notSupported", "The requested feature isn't implemented."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable."),
    504: ("UnknownError", ""),
}


def instead(world: World, visit: Visit, fault: Fault) -> EmulatedReply | None:
    """The answer that a fault gives in place of the operation; None lets the operation happen."""
    act = _INSTEAD.get(fault.kind)
    answer = act(world, visit, fault) if act else None
    if isinstance(answer, Refusal):
        raise answer
    return answer


def afterwards(reply: EmulatedReply, fault: Fault) -> EmulatedReply:
    """The operation's answer as a fault leaves it."""
    if fault.kind not in _WIRE:
        return reply
    body = reply.whole_body()
    break_at = len(body) // 2 if fault.after_bytes is None else fault.after_bytes
    if fault.kind == "cut-clean":
        return replace(reply, body=body[:break_at])
    return replace(reply, body=body, wire=Wire(_WIRE[fault.kind], break_at, fault.pause_s))


def retry_after(world: World, seconds: int, form: str) -> dict[str, str]:
    """A `Retry-After` header: seconds, or the HTTP date on which they are over."""
    if form == "seconds":
        return {"Retry-After": str(seconds)}
    moment = (world.clock.now() + timedelta(seconds=seconds + 1)).replace(microsecond=0)
    return {"Retry-After": format_datetime(moment, usegmt=True)}


def _status(world: World, visit: Visit, fault: Fault) -> EmulatedReply | Refusal:
    headers = {} if fault.retry_after_s is None else retry_after(world, fault.retry_after_s, fault.retry_after_form)
    status = fault.status or 500
    if fault.body == "empty":
        return EmulatedReply(status, b"", headers)
    if fault.body == "html":
        return EmulatedReply(status, HTML, {"Content-Type": "text/html", **headers})
    return _refusal(visit, fault, status, headers)


def _refusal(visit: Visit, fault: Fault, status: int, headers: Mapping[str, str]) -> Refusal:
    code, message = _WORDS.get(status, ("BadRequest" if status < 500 else "generalException", "The request failed."))
    if visit.call.door != "login":
        return Refusal(status, fault.code or code, message if fault.message is None else fault.message, headers)
    text = fault.message or "A transient error has occurred. Please try again."
    return EntraRefusal(status, fault.code or "temporarily_unavailable", 90033, text, headers)


_INSTEAD: Mapping[str, Callable[[World, Visit, Fault], EmulatedReply | Refusal]] = {
    "status": _status,
    "html": lambda world, visit, fault: _status(world, visit, replace(fault, status=fault.status or 200, body="html")),
    "reset-before-answer": lambda *_: EmulatedReply(0, wire=Wire("reset-before-answer")),
    "unknown-tenant": lambda *_: Refusal(404, "UnknownTenantId", "The tenant has no usage reports yet."),
    "expired-token": lambda world, *_: unauthorized(world, "Access token has expired or is not yet valid."),
    "claims-challenge": lambda world, *_: challenge_claims(world),
    "expired-url": lambda *_: expired_url(),
}
_WIRE: Mapping[str, WireAct] = {
    "answer-lost": "reset-before-answer",
    "reset-within-body": "reset-within-body",
    "reset-after-body": "reset-after-body",
    "cut-clean": "whole",
    "cut-length": "cut-length",
    "cut-chunked": "cut-chunked",
    "drip": "drip",
}
