"""Every call's way through the emulator: find the operation, admit, judge, misbehave if scripted, answer, note."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import partial

from activation_sync.emulator.faults import faults
from activation_sync.emulator.faults.journal import JournalEntry
from activation_sync.emulator.http.answers import (
    Call,
    Door,
    EmulatedReply,
    Refusal,
    Visit,
    segment_not_found,
    standard_headers,
)
from activation_sync.emulator.service import fault_effects
from activation_sync.emulator.service.batch import serve_batch
from activation_sync.emulator.service.identity import (
    admit_to_graph,
    admit_to_login,
    serve_discovery,
    serve_instances,
    serve_token,
)
from activation_sync.emulator.service.reports import (
    JSON,
    admit_to_download,
    media_of,
    serve_download,
    serve_report,
    serve_settings,
)
from activation_sync.emulator.service.resource import admit_to_row, refuse_method, serve_delete, serve_get, serve_patch
from activation_sync.emulator.service.updates import read_body
from activation_sync.emulator.service.world import World
from activation_sync.emulator.tenant.editions import REPORTS

Admit = Callable[[World, Visit], None]
Serve = Callable[[World, Visit], EmulatedReply]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a path and a method ask for. name: as faults and the journal have it."""

    name: str
    admit: Admit
    serve: Serve


_REPORT_PATHS = {report.lower(): report for report in REPORTS}
_LOGIN_PATHS = (
    (re.compile(r"/common/discovery/instance"), "GET", Operation(faults.DISCOVERY, admit_to_login, serve_instances)),
    (
        re.compile(r"/[^/]+(/v2\.0)?/\.well-known/openid-configuration"),
        "GET",
        Operation(faults.DISCOVERY, admit_to_login, serve_discovery),
    ),
    (re.compile(r"/[^/]+/oauth2/v2\.0/token"), "POST", Operation(faults.TOKEN, admit_to_login, serve_token)),
)
_RESOURCE = {
    "PATCH": Operation(faults.PATCH, admit_to_row, serve_patch),
    "GET": Operation(faults.GET, admit_to_row, serve_get),
    "DELETE": Operation(faults.DELETE, admit_to_row, serve_delete),
}
_NOT_ALLOWED = Operation("", admit_to_graph, refuse_method)


def answer(world: World, call: Call) -> EmulatedReply:
    """The answer to one call, and its line in the journal."""
    with world.lock:
        call = replace(call, door=_door(call))
        visit = Visit(call, world.clock.now(), str(uuid.uuid4()))
        try:
            reply = _answer(world, visit)
        except Refusal as refusal:
            reply = refusal.reply(visit)
        _note_wait(world, visit, reply)
        _write_down(world, visit, reply)
        return reply.with_headers(standard_headers(visit))


def _answer(world: World, visit: Visit) -> EmulatedReply:
    operation = _find(world, visit.call)
    visit.operation = operation.name
    operation.admit(world, visit)
    world.judge.watch(visit, world.clock.elapsed_s())
    fault = world.faults.take(visit)
    if fault is None:
        return _serve(world, visit, operation)
    visit.fault = fault.kind
    return fault_effects.instead(world, visit, fault) or fault_effects.afterwards(
        _reply(world, visit, operation), fault
    )


def _reply(world: World, visit: Visit, operation: Operation) -> EmulatedReply:
    """The operation's answer, be it a refusal: a fault that spoils answers spoils those too."""
    try:
        return _serve(world, visit, operation)
    except Refusal as refusal:
        return refusal.reply(visit)


def _serve(world: World, visit: Visit, operation: Operation) -> EmulatedReply:
    if world.scenario.throttling and operation.name in faults.REPORT_GETS:
        is_json = media_of(visit) == JSON
        wait_s = world.throttle.wait_s(visit, is_json=is_json, now_s=world.clock.elapsed_s())
        if wait_s is not None:
            raise Refusal(429, "TooManyRequests", "Too many requests.", {"Retry-After": str(wait_s)})
    return operation.serve(world, visit)


def _serve_items(world: World, visit: Visit) -> EmulatedReply:
    return serve_batch(visit, partial(answer, world))


def _door(call: Call) -> Door:
    if call.door == "download":
        return "download"
    return "login" if any(path.fullmatch(call.path) for path, _, _ in _LOGIN_PATHS) else "graph"


def _find(world: World, call: Call) -> Operation:
    if call.door == "download":
        return _find_download(world, call)
    if call.door == "login":
        return next(
            (found for path, method, found in _LOGIN_PATHS if path.fullmatch(call.path) and method == call.method),
            Operation("", admit_to_login, refuse_method),
        )
    version, *segments = [segment for segment in call.path.split("/") if segment] or [""]
    if version.lower() not in ("v1.0", "beta"):
        raise Refusal(400, "BadRequest", f"Invalid version: {version}.")
    return _find_in_graph(world, call, version.lower(), segments)


def _find_download(world: World, call: Call) -> Operation:
    name = call.path.removeprefix("/data/download/")
    if name == call.path or call.method not in ("GET", "HEAD"):
        raise Refusal(404, "ItemNotFound", "There is nothing here.")
    return Operation(f"download {world.ticket(name).edition.report}", admit_to_download, serve_download)


def _find_in_graph(world: World, call: Call, version: str, segments: list[str]) -> Operation:
    match [segment.lower() for segment in segments]:
        case ["reports", function, *rest] if rest in ([], ["content"]):
            return _find_report(world, call, version, function, segments[1])
        case ["admin", "reportsettings"] if world.scenario.cloud == "global":
            return _only("GET", call, Operation(faults.SETTINGS, admit_to_graph, serve_settings))
        case ["$batch"] if not call.is_batch_item:
            return _only("POST", call, Operation(faults.BATCH, admit_to_graph, _serve_items))
        case ["office365activationsusercounts"] if version == "beta" and world.scenario.write_back == "documented":
            return _RESOURCE.get(call.method, _NOT_ALLOWED)
        case _:
            raise segment_not_found(segments[0] if segments else version)


def _find_report(world: World, call: Call, version: str, function: str, spelled: str) -> Operation:
    """A report function by any of its spellings; v1.0 has them in the global cloud only."""
    report = _REPORT_PATHS.get(function.removeprefix("microsoft.graph.").removesuffix("()"))
    if report is None or (version == "v1.0" and world.scenario.cloud != "global"):
        raise segment_not_found(report or spelled)
    return _only("GET", call, Operation(f"GET {report}", admit_to_graph, serve_report))


def _only(method: str, call: Call, operation: Operation) -> Operation:
    return operation if call.method == method else _NOT_ALLOWED


def _note_wait(world: World, visit: Visit, reply: EmulatedReply) -> None:
    text = reply.headers.get("Retry-After")
    if text is not None:
        is_number = text.isdecimal()
        wait_s = int(text) if is_number else (parsedate_to_datetime(text) - world.clock.now()).total_seconds()
        world.judge.note(visit, world.clock.elapsed_s(), wait_s)


def _write_down(world: World, visit: Visit, reply: EmulatedReply) -> None:
    call = visit.call
    path = "/data/download/..." if call.door == "download" else call.path
    world.journal.add(
        JournalEntry(
            at=visit.at,
            method=call.method,
            path=f"{path}?{call.query_string}" if call.query_string else path,
            operation=visit.operation,
            tenant=visit.tenant.name if visit.tenant else "",
            status=None if reply.wire.act == "reset-before-answer" else reply.status,
            request_id=visit.request_id,
            client_request_id=visit.client_request_id,
            is_batch_item=call.is_batch_item,
            fault=visit.fault,
            body=read_body(call) or None if visit.operation in (faults.PATCH, faults.DELETE) else None,
            violations=tuple(visit.violations),
        )
    )
