"""What is fed: each target takes any bytes and raises nothing but our own errors. `SEEDS` are what it should be fed."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from io import BytesIO
from types import MappingProxyType

import httpx

from activation_sync.core.bounds import Bounds
from activation_sync.core.model import Counts, Key, Report
from activation_sync.core.reports.content import read_content
from activation_sync.core.reports.sniff import sniff_report
from activation_sync.core.rule.delivery import CountUpdate
from activation_sync.errors import ActivationSyncError
from activation_sync.graph.answers import count_rows, failure, judge_patch
from activation_sync.graph.body import pieces
from activation_sync.graph.clouds import CLOUDS, follow, has_origin, parse_address
from activation_sync.graph.plain import etag_of
from activation_sync.graph.sign_in import sign_in_error
from activation_sync.graph.wire import (
    Reply,
    batch_replies,
    claims_challenge,
    complaint,
    next_link,
    read_reply,
    retry_after_s,
    rows_of,
    token_roles,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOUNDS = Bounds(line_bytes=20_000, report_products=100)
UPDATE = CountUpdate(Key(date(2026, 11, 19), "VISIO"), "Visio", Counts(5, 3, 1))

COUNTS = b"Report Refresh Date,Product Type,Assigned,Activated,Shared Computer Activation\r\n2026-11-19,VISIO,5,3,1\r\n"
PLATFORMS = b"Report Refresh Date,Product Type,Windows,Mac,Android,iOS,Windows 10 Mobile\n2026-11-19,VISIO,1,2,3,4,\n"
DETAIL = (
    b"Report Refresh Date,User Principal Name,Display Name,Product Type,Last Activated Date,Windows,Mac,"
    b"Windows 10 Mobile,iOS,Android,Activated On Shared Computer\r\n"
    b'2026-11-19,adele@contoso.example,"Vance, Adele",VISIO,2026-11-18,1,0,0,0,0,False\r\n'
)
ROW = b'{"id":"7","reportRefreshDate":"2026-11-19","productType":"VISIO","assigned":5,"activated":3}'
PAGE = b'{"@odata.nextLink":"","value":[' + ROW + b"]}"
USERS = (
    b'{"value":[{"reportRefreshDate":"2026-11-19","userPrincipalName":"a@b.example","displayName":"A",'
    b'"userActivationCounts":[{"productType":"VISIO","lastActivatedDate":"2026-11-18","windows":1}]}]}'
)
ERROR = b'{"error":{"code":"a","message":"m","innerError":{"code":"b"}}}'
BATCH = (
    b'{"responses":[{"id":"1","status":200,"headers":{"Retry-After":"7"},"body":' + ROW + b'},{"id":"2","status":429}]}'
)
REPORTS = (COUNTS, PLATFORMS, DETAIL, PAGE, USERS, PAGE + b"\n" + PAGE)
OWN = {Report.USER_COUNTS: COUNTS, Report.USER_DETAIL: DETAIL, Report.PLATFORM_COUNTS: PLATFORMS}
HEADERS = (b"7", b"7,12", b"Mon, 23 Nov 2026 04:01:30 GMT", b'Bearer claims="eyJhIjoxfQ=="', b'W/"1"')
ADDRESSES = (b"https://graph.microsoft.com/beta/x?$skiptoken=a", b"https://reports.office.com:443/a?b=%2f", b"/next")


def _read(report: Report) -> Callable[[bytes], None]:
    return lambda content: read_content(report, BytesIO(content), bounds=BOUNDS).drain()


def _sniff(content: bytes) -> None:
    sniff_report(BytesIO(content))


def _reply(content: bytes) -> None:
    """Whatever may be asked of the body of an answer."""
    reply = read_reply(200, {"ETag": '"1"'}, content)
    next_link(reply.body)
    rows_of(reply.body)
    count_rows(reply, {})
    for one in (reply, *batch_replies(reply).values(), Reply(403, body=reply.body), Reply(400, body=reply.body)):
        with suppress(ActivationSyncError):
            str(judge_patch(UPDATE, one, NOW)).encode()
        str(failure("The report", one, NOW)).encode()
        str(complaint(one)).encode()
    str(sign_in_error("it", reply.body if isinstance(reply.body, dict) else {})).encode()


def _header(content: bytes) -> None:
    text = content.decode("latin-1")
    reply = read_reply(401, {"Retry-After": text, "Date": text, "WWW-Authenticate": text, "Request-Id": text}, b"")
    retry_after_s(reply, NOW)
    claims_challenge(reply)
    reply.request_id.encode()
    token_roles(text)
    if etag := etag_of(text):
        etag.encode("ascii")


def _address(content: bytes) -> None:
    """An address that passes can be asked for."""
    text = content.decode("utf-8", "replace")
    followed = follow("https://graph.microsoft.com/beta/x", text)
    has_origin(followed, "https://graph.microsoft.com")
    if CLOUDS["global"].allows_download(followed) and len(followed) <= BOUNDS.address_chars:
        httpx.Request("GET", followed)
    if address := parse_address(text):
        address.host.encode("idna")


def _body(content: bytes) -> None:
    coding, _, body = content.partition(b"\n")
    headers = [(b"content-encoding", coding)]
    for piece in pieces(httpx.Response(200, headers=headers, stream=_Stream(body))):
        assert len(piece) <= 10**6


class _Stream(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body


GZIPPED = gzip.compress(b"abc", mtime=0)
TARGETS: Mapping[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = MappingProxyType(
    {
        **{f"parser of {report}": (_read(report), (OWN[report], *REPORTS)) for report in Report},
        "which report a file is": (_sniff, REPORTS),
        "bodies": (_reply, (ROW, PAGE, ERROR, BATCH, USERS)),
        "headers": (_header, HEADERS),
        "addresses": (_address, ADDRESSES),
        "compressed bodies": (_body, (b"gzip\n" + GZIPPED, b"identity\nabc", b"gzip, gzip\nabc")),
    }
)
