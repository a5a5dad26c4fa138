"""What goes over the wire to Graph, and what comes back, as values. No sockets here.

Source: graph/api pages of the three reports, graph/json-batching, and the documentation stub of
`PATCH /beta/office365ActivationsUserCounts`, whose URL has no key: the body alone says which row is meant.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from activation_sync.core.model import Measure, Report
from activation_sync.core.plain_text import plain_text
from activation_sync.core.reports.catalogue import KINDS
from activation_sync.core.rule.delivery import CountUpdate
from activation_sync.graph.plain import plain_headers, plain_json

Format = Literal["csv", "json"]
JsonObject = dict[str, object]

WRITE_BACK_PATH = "/beta/office365ActivationsUserCounts"
BATCH_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, taken off the wire.

    headers: names in lower case. body: the JSON value, None when empty. Every text in both is plain. is_json: False
    when there were bytes that are not JSON, as a proxy in between would send.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    is_json: bool = True

    @property
    def request_id(self) -> str:
        """Graph's own id of the request, which Microsoft's support asks for."""
        return self.headers.get("request-id", "")[:64]


class Complaint(NamedTuple):
    """What Graph says went wrong: the deepest code it gives, and its words."""

    code: str
    message: str

    def __str__(self) -> str:
        return ": ".join(dict.fromkeys(filter(None, self))) or "no reason given"


def read_reply(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    """Take an answer off the wire; bytes that are not JSON, or nested without end, are remembered as such and dropped.

    This is the door for text from outside: in what comes out of here, none has characters that are not seen.
    """
    lowered = plain_headers(headers)
    if not content.strip():
        return Reply(status, lowered)
    try:
        return Reply(status, lowered, plain_json(json.loads(content)))
    except (ValueError, RecursionError):
        return Reply(status, lowered, is_json=False)


def complaint(reply: Reply) -> Complaint:
    """Graph nests errors (`innerError`, also spelled `innererror`); the deepest code is the most precise."""
    error = _object(_object(reply.body).get("error"))
    message, code = _text(error.get("message")), ""
    while error:
        code = _text(error.get("code")) or code
        error = _object(error.get("innerError") or error.get("innererror"))
    return Complaint(code[:60], message[:120])


def report_path(report: Report, version: str, form: Format) -> str:
    """Path and query of a report. v1.0 knows no `$format`; beta's default is CSV, but it is asked for all the same."""
    kind = KINDS[report]
    path = f"/reports/{kind.function}"
    if form == "json":
        page = f"&$top={kind.page_rows}" if kind.page_rows else ""
        return f"/beta{path}?$format=application/json{page}"
    return f"/{version}{path}" + ("" if version == "v1.0" else "?$format=text/csv")


def filtered_path(path: str, refreshed_on: date) -> str:
    """The resource, narrowed to the rows of one refresh date."""
    return f"{path}?$filter=reportRefreshDate%20eq%20{refreshed_on:%Y-%m-%d}"


def update_body(update: CountUpdate) -> JsonObject:
    """The row as Graph documents it. A measure we do not know is left out: absent leaves Graph's value alone."""
    body: JsonObject = {
        "@odata.type": "#microsoft.graph.office365ActivationsUserCounts",
        "reportRefreshDate": update.key.refreshed_on.isoformat(),
        "productType": update.product_type,
    }
    if update.graph_id:
        body["id"] = update.graph_id
    counts = zip(Measure, update.counts, strict=True)
    return body | {measure.json_name: count for measure, count in counts if count is not None}


def update_headers(update: CountUpdate) -> dict[str, str]:
    """The version of the row that an update is meant for, if it is for one; Graph answers 412 when it has another."""
    return {"If-Match": update.etag} if update.etag else {}


def batch_path(write_back_path: str) -> str:
    """`$batch` lives beside the resource, directly under the version: the path's first segment."""
    return f"/{write_back_path.split('/')[1]}/$batch"


def batch_body(updates: Mapping[str, CountUpdate], write_back_path: str) -> JsonObject:
    """One envelope for up to 20 PATCHes, keyed by an id of our choice; without `dependsOn` they run side by side."""
    _, _, url = write_back_path.split("/", 2)
    return {
        "requests": [
            {
                "id": item_id,
                "method": "PATCH",
                "url": f"/{url}",
                "headers": {"Content-Type": "application/json", **update_headers(update)},
                "body": update_body(update),
            }
            for item_id, update in updates.items()
        ]
    }


def batch_replies(reply: Reply) -> dict[str, Reply]:
    """The answers inside an envelope, by item id; they come in any order, and one may be missing."""
    items = _object(reply.body).get("responses")
    return {
        _text(item.get("id")): _item_reply(status, item, reply)
        for item in (map(_object, items) if isinstance(items, list) else ())
        if isinstance(status := item.get("status"), int) and is_status(status)
    }


def is_status(number: int) -> bool:
    """True for what HTTP has."""
    return 100 <= number <= 599


def _item_reply(status: int, item: JsonObject, outer: Reply) -> Reply:
    headers = plain_headers(_object(item.get("headers")))
    headers.setdefault("request-id", outer.request_id)
    return Reply(status, headers, item.get("body"))


LONGEST_WAIT_S = 30 * 86_400.0  # what is longer is no date any more


def retry_after_s(reply: Reply, now: datetime) -> float | None:
    """Seconds Graph asks us to wait: given as seconds, as "n,n" (the longest counts), or as an HTTP date.

    A date is measured against the answer's own `Date`, so that a wrong clock here does not matter. None when
    nothing usable is said; zero or a date gone by says nothing, or we would ask again in a tight loop.
    """
    value = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?)*", value):
        asked = max(float(part) for part in value.split(","))
    else:
        until, answered_at = _http_date(value), _http_date(reply.headers.get("date", "")) or now
        asked = _seconds_between(answered_at, until) if until else 0.0
    return min(asked, LONGEST_WAIT_S) if asked > 0 else None


def _seconds_between(first: datetime, then: datetime) -> float:
    try:
        return (then - first).total_seconds()
    except OverflowError:  # in UTC, one of them is before the year 1 or after 9999
        return 0.0


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a year of ten digits
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def claims_challenge(reply: Reply) -> str | None:
    """The claims a 401 asks a new token to carry (continuous access evaluation), as JSON text; None without."""
    found = re.search(r'claims="([A-Za-z0-9+/_=-]+)"', reply.headers.get("www-authenticate", ""))
    if found is None:
        return None
    try:
        claims = json.loads(_decode_base64(found[1]))
    except (ValueError, RecursionError):  # covers binascii.Error and UnicodeDecodeError
        return None
    return json.dumps(claims) if isinstance(claims, dict) else None


def token_roles(token: str) -> tuple[str, ...] | None:
    """The permissions a token carries, unverified: a diagnosis, never a decision. None when it cannot be read."""
    try:
        claims = _object(json.loads(_decode_base64(token.split(".")[1])))
    except (ValueError, IndexError, RecursionError):
        return None
    roles = claims.get("roles")
    return tuple(sorted(plain_text(str(role)) for role in roles)) if isinstance(roles, list) else ()


def _decode_base64(text: str) -> bytes:
    """Both alphabets, padding optional."""
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def rows_of(body: object) -> Sequence[JsonObject]:
    """The rows of a body that may be one bare row, `{"value": row}` or `{"value": [rows]}`; all three are seen."""
    value = _object(body).get("value", body)
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict) and row]


def next_link(body: object) -> str | None:
    """The address of the next page, as it came; None on the last."""
    link = _object(body).get("@odata.nextLink")
    return link if isinstance(link, str) and link else None


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
