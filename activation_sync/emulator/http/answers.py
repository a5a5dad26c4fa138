"""What comes in and what goes out, before sockets: calls, replies and refusals, shaped as the vendor shapes them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from activation_sync.emulator.scenario import EmulatedTenant

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
AGS = {"DataCenter": "Loopback", "Slice": "E", "Ring": "5", "ScaleUnit": "001", "RoleInstance": "EMULATOR0001"}

Door = Literal["graph", "login", "download"]
WireAct = Literal[
    "whole", "reset-before-answer", "reset-within-body", "reset-after-body", "cut-length", "cut-chunked", "drip"
]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, or one item of a batch. Header names are lower case; the path is decoded."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    door: Door = "graph"
    is_batch_item: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The query with lower-case names; values keep their case."""
        return {name.lower(): value for name, value in parse_qsl(self.query_string, keep_blank_values=True)}


@dataclass(slots=True)
class Visit:
    """A call on its way through the emulator, and what has become known of it.

    operation: as faults name it. product: the product row a PATCH is about. has_cp1: the token declared that its
    client understands claims challenges. fault: kind of the scripted fault it met.
    """

    call: Call
    at: datetime
    request_id: str
    operation: str = ""
    tenant: EmulatedTenant | None = None
    app_id: str = ""
    roles: tuple[str, ...] = ()
    has_cp1: bool = False
    product: str = ""
    fault: str = ""
    violations: list[str] = field(default_factory=list)

    @property
    def client_request_id(self) -> str:
        return self.call.headers.get("client-request-id") or self.request_id

    @property
    def owner(self) -> EmulatedTenant:
        """The tenant, once the door has admitted the visit."""
        if self.tenant is None:
            raise LookupError("this visit has not been admitted")
        return self.tenant


@dataclass(frozen=True, slots=True)
class Wire:
    """How a reply leaves: whole, or broken on purpose after some bytes; pause_s: between the bytes of a drip."""

    act: WireAct = "whole"
    break_at_bytes: int = 0
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EmulatedReply:
    """What goes back. An iterator as body is streamed."""

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire = Wire()

    def with_headers(self, headers: Mapping[str, str]) -> "EmulatedReply":
        """The reply with these headers where it has none of that name."""
        return replace(self, headers={**headers, **self.headers})

    def whole_body(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)


class Refusal(Exception):  # noqa: N818  an answer, not a failure of the emulator
    """A Graph-shaped error. Source of the shape: learn.microsoft.com/graph/errors and bodies users posted."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})

    def reply(self, visit: Visit) -> EmulatedReply:
        """The refusal as an answer to this visit."""
        return json_reply(self.body(visit), self.status, {"Content-Type": "application/json", **self.headers})

    def body(self, visit: Visit) -> dict[str, Any]:
        inner = {"date": f"{visit.at:%Y-%m-%dT%H:%M:%S}", **_ids(visit)}
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


class EntraRefusal(Refusal):
    """An error of the token endpoint; `number` is the AADSTS code.

    Source: learn.microsoft.com/entra/identity-platform/reference-error-codes
    """

    def __init__(self, status: int, error: str, number: int, text: str, headers: Mapping[str, str] | None = None):
        super().__init__(status, error, text, headers)
        self.number = number

    def body(self, visit: Visit) -> dict[str, Any]:
        trace, correlation, at = visit.request_id, visit.client_request_id, f"{visit.at:%Y-%m-%d %H:%M:%SZ}"
        lines = (f"AADSTS{self.number}: {self.message}", f"Trace ID: {trace}", f"Correlation ID: {correlation}")
        return {
            "error": self.code,
            "error_description": "\r\n".join((*lines, f"Timestamp: {at}")),
            "error_codes": [self.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


def json_reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> EmulatedReply:
    """A reply whose body is this JSON."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return EmulatedReply(status, text.encode(), {"Content-Type": JSON_TYPE, **(headers or {})})


def segment_not_found(segment: str) -> Refusal:
    """What Graph answers for a path it does not have."""
    return Refusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def standard_headers(visit: Visit) -> dict[str, str]:
    """The headers every answer of this door carries."""
    date = {"Date": format_datetime(visit.at, usegmt=True), "Cache-Control": "no-cache"}
    if visit.call.door == "download":
        return date
    graph = {
        **_ids(visit),
        "Strict-Transport-Security": "max-age=31536000",
        "x-ms-ags-diagnostic": json.dumps({"ServerInfo": AGS}, separators=(",", ":")),
        "OData-Version": "4.0",
    }
    return date | (graph if visit.call.door == "graph" else {"x-ms-request-id": visit.request_id})


def _ids(visit: Visit) -> dict[str, str]:
    return {"request-id": visit.request_id, "client-request-id": visit.client_request_id}
