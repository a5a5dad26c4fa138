"""The body of a PATCH, read as strictly as an OData service reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from activation_sync.emulator.http.answers import Call, Refusal
from activation_sync.emulator.tenant.editions import COUNT_COLUMNS, property_of
from activation_sync.emulator.tenant.figures import EmulatedCounts

ODATA_TYPE = "#microsoft.graph.office365ActivationsUserCounts"
COUNTS = dict(zip(map(property_of, COUNT_COLUMNS), EmulatedCounts._fields, strict=True))
LARGEST_INT64 = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Update:
    """What a PATCH asks for. counts: by field of `EmulatedCounts`; an absent one stays as it is."""

    id: str | None
    refreshed_on: date | None
    product_type: str | None
    counts: Mapping[str, int]


def read_update(call: Call) -> Update:
    """The update in the body; refuses what a strict service refuses, with 400 or 415."""
    if call.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "UnsupportedMediaType", "The request needs the header Content-Type: application/json.")
    body = _read_object(call.body)
    for name, value in body.items():
        _refuse_odd_property(name, value)
    return Update(
        id=_text(body, "id"),
        refreshed_on=_date(body, "reportRefreshDate"),
        product_type=_text(body, "productType"),
        counts={field: _int64(body, name) for name, field in COUNTS.items() if name in body},
    )


def read_body(call: Call) -> dict[str, Any]:
    """The body as far as it is a JSON object, for the journal and for faults; never refuses."""
    try:
        body = json.loads(call.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def read_date(text: str) -> date:
    """A date as `YYYY-MM-DD` and in no other form; ValueError otherwise."""
    dated = date.fromisoformat(text)
    if dated.isoformat() != text:
        raise ValueError(text)
    return dated


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except ValueError:
        raise Refusal(400, "BadRequest", "Unable to read JSON request payload.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "BadRequest", "Unable to read JSON request payload: an object was expected.")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_odd_property(name: str, value: object) -> None:
    if name == "@odata.type":
        if value != ODATA_TYPE:
            raise Refusal(400, "BadRequest", f"The type '{value}' is not '{ODATA_TYPE}'.")
    elif name.startswith("@odata."):
        return  # annotations may come along, as when a row is sent back as it was read
    elif name not in (*COUNTS, "id", "productType", "reportRefreshDate"):
        text = f"The property '{name}' does not exist on type '{ODATA_TYPE[1:]}'."
        raise Refusal(400, "BadRequest", f"{text} Make sure to only use property names that are defined by the type.")
    elif value is None:
        raise Refusal(400, "badRequest", f"null is not a valid value for the property '{name}'.")


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise _wrong_type(name, "Edm.String")
    return value


def _date(body: Mapping[str, Any], name: str) -> date | None:
    value = body.get(name)
    try:
        return None if value is None else read_date(value)
    except (TypeError, ValueError):
        raise _wrong_type(name, "Edm.Date") from None


def _int64(body: Mapping[str, Any], name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(name, "Edm.Int64")
    if not 0 <= value <= LARGEST_INT64:
        raise Refusal(400, "BadRequest", f"The value of '{name}' is out of range: a count is 0 or more.")
    return value


def _wrong_type(name: str, expected: str) -> Refusal:
    return Refusal(400, "BadRequest", f"Cannot convert the value of '{name}' to the expected type '{expected}'.")
