"""What Graph's answers mean for us. Pure; the tables stand here, the tests go through them row by row.

Status first, then the deepest error code. Words are read in two places only, because there Graph gives the same
code for different things: "Resource not found for the segment", and the passing "Invalid S2S auth token".
"""

from collections.abc import Mapping
from datetime import date, datetime

from activation_sync.core.model import CountRow, Counts, Measure
from activation_sync.core.reports.products import product_key
from activation_sync.core.rule.delivery import Answer, AnswerKind, CountUpdate, GraphRow
from activation_sync.errors import ActivationSyncError, GraphBusyError, GraphRefusedError
from activation_sync.graph.plain import etag_of, row_id
from activation_sync.graph.wire import JsonObject, Reply, complaint, retry_after_s, rows_of, update_body

CONFLICT = 409
# About one row.
ROW_REFUSED = frozenset({400, 404, CONFLICT, 410, 422})
# Sent a second time before they are believed: another write may have met ours (values are absolute, so sending
# twice is harmless), or the token may have run out on the way to an item of a batch.
ONCE_MORE = frozenset({401, CONFLICT})
# Not done yet (202), throttled, failed, locked, out of storage or bandwidth; 424 is an item whose batch failed.
BUSY = frozenset({202, 408, 423, 424, 425, 429})
# Graph asks us to wait and try again, rather than to think.
WAITING = frozenset({429, 503})
REDIRECTS = frozenset({301, 302, 303, 307, 308})

MAX_COUNT = 2**63 - 1  # Edm.Int64, and what a column of the warehouse holds
READ_PERMISSION = "Reports.Read.All"


def is_busy(reply: Reply) -> bool:
    """The same call may succeed later. So may one that something in between answered, in words that are not JSON."""
    if reply.status == 403:
        said = complaint(reply)
        return said.code == "MissingCredentials" or "Invalid S2S auth token" in said.message
    if not reply.is_json and (reply.status < 300 or reply.status == 400):
        return True
    return reply.status in BUSY or (reply.status >= 500 and reply.status != 501)


def is_not_offered(reply: Reply) -> bool:
    """This Graph has no such resource, whatever the row: the real service of today says so with a 400.

    A 404 without an error of Graph's comes from something in front that knows no such path.
    """
    if reply.status in (405, 501):
        return True
    if "Resource not found for the segment" in complaint(reply).message:
        return reply.status in (400, 404)
    return reply.status == 404 and not (isinstance(reply.body, dict) and "error" in reply.body)


def judge_patch(update: CountUpdate, reply: Reply, now: datetime) -> Answer:
    """What an answer means for its outbox row.

    Raises GraphRefusedError when it means the same for every row: permission, token, or the way we ask.
    """
    if is_not_offered(reply):
        return _answer(AnswerKind.NOT_OFFERED, reply)
    if is_busy(reply):
        return _answer(AnswerKind.BUSY, reply, retry_after_s=retry_after_s(reply, now))
    if reply.status in (200, 201, 204):
        return _compare(update, reply)
    if reply.status == 412:
        return _answer(AnswerKind.SUPERSEDED, reply)
    if reply.status in ROW_REFUSED:
        return _answer(AnswerKind.REFUSED, reply)
    raise refusal("the write-back", reply, "the permission its operator asks for, or turn the write-back off")


def lost(busy: GraphBusyError) -> Answer:
    """No answer at all: the PATCH may have arrived, or not."""
    return Answer(AnswerKind.BUSY, message=str(busy)[:200], retry_after_s=busy.retry_after_s)


def _compare(update: CountUpdate, reply: Reply) -> Answer:
    """A 200 is believed only as far as its body says the same as ours. Without a body, reading back decides."""
    if reply.body is None:
        return Answer(AnswerKind.ACKNOWLEDGED, reply.status, request_id=reply.request_id)
    rows = rows_of(reply.body)
    differing = differences(update, rows[0]) if len(rows) == 1 else f"{len(rows)} rows came back for one sent"
    if differing:
        message = f"Graph answered {reply.status}, but the change is not in it: {differing}"[:200]
        return Answer(AnswerKind.DIFFERENT, reply.status, message, reply.request_id)
    return Answer(AnswerKind.ACKNOWLEDGED, reply.status, request_id=reply.request_id, graph_id=row_id(rows[0]))


def differences(update: CountUpdate, row: JsonObject) -> str:
    """How a returned row differs from what was sent, in words; empty when it does not."""
    sent = update_body(update)
    found = [
        f"{name} {_count(row.get(name))} instead of {sent[name]}"
        for name in (measure.json_name for measure in Measure)
        if name in sent and _count(row.get(name)) != sent[name]
    ]
    if _product(row, {}) != product_key(update.product_type):
        found.append("another productType")
    if _refresh_date(row) != update.key.refreshed_on:
        found.append("another reportRefreshDate")
    return ", ".join(found)


def count_rows(reply: Reply, aliases: Mapping[str, str]) -> list[GraphRow]:
    """The rows of the resource; a row without a date or product names nothing, and is left out."""
    rows = rows_of(reply.body)
    etag = reply.headers.get("etag") if len(rows) == 1 else None
    return [
        GraphRow(_count_row(row, refreshed_on, aliases), row_id(row), etag_of(row.get("@odata.etag") or etag))
        for row in rows
        if (refreshed_on := _refresh_date(row)) and _product(row, aliases)
    ]


def _count_row(row: JsonObject, refreshed_on: date, aliases: Mapping[str, str]) -> CountRow:
    counts = Counts(*(_count(row.get(measure.json_name)) for measure in Measure))
    return CountRow(refreshed_on, _product(row, aliases), str(row["productType"]), counts)


def _product(row: JsonObject, aliases: Mapping[str, str]) -> str:
    name = row.get("productType")
    return product_key(name, aliases) if isinstance(name, str) else ""


def _count(value: object) -> int | None:
    """Int64 comes as a number, or as text under IEEE754Compatible; anything else, and anything larger, is no count."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_COUNT)):
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None  # to isinstance, True is an int


def _refresh_date(row: JsonObject) -> date | None:
    """`2026-11-20`, or with the time of day that sibling reports began to send in 2021."""
    try:
        return date.fromisoformat(str(row.get("reportRefreshDate"))[:10])
    except ValueError:
        return None


def _answer(kind: AnswerKind, reply: Reply, retry_after_s: float | None = None) -> Answer:
    message = f"Graph answered {_said(reply)}"[:200]
    return Answer(kind, reply.status, message, reply.request_id, retry_after_s=retry_after_s)


def _said(reply: Reply) -> str:
    """Status and reason, safe to show."""
    if not reply.is_json:
        return f"{reply.status} with something that is not JSON; is a proxy in between?"
    return f"{reply.status} ({complaint(reply)})"


def failure(what: str, reply: Reply, now: datetime) -> ActivationSyncError:
    """The error of a call that can only succeed or fail, such as reading a report."""
    if is_busy(reply):
        return GraphBusyError(f"{what}: Graph answered {_said(reply)}", retry_after_s(reply, now))
    return refusal(what, reply, f"the application permission {READ_PERMISSION}, with admin consent")


def refusal(what: str, reply: Reply, permission: str) -> GraphRefusedError:
    """Graph refused for good: what, why and the remedy."""
    support = f" [request-id {reply.request_id}]" if reply.request_id else ""
    return GraphRefusedError(f"{what}: Graph answered {_said(reply)}. {_remedy(reply, permission)}{support}")


def _remedy(reply: Reply, permission: str) -> str:
    if reply.status == 401:
        return "A fresh token was refused too: check that Graph and sign-in are of the same cloud, and this clock."
    if reply.status == 403:
        return f"Grant the application {permission}."
    if complaint(reply).code == "UnknownTenantId":
        return "The tenant has no usage data yet; it appears after the first activity."
    if reply.status in REDIRECTS:
        return "Check the Graph root in the configuration; only report downloads are redirected."
    return "Check the cloud and the paths in the configuration; this Graph may not offer the call."
