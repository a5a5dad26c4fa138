"""Downloading a report: CSV by a redirect to a pre-authenticated address, JSON page by page.

The address is a secret for as long as it lives: it is followed here, without our token, to hosts we trust only,
and never printed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx

from activation_sync.core.model import Report
from activation_sync.errors import GraphBusyError, GraphRefusedError
from activation_sync.graph.answers import REDIRECTS, failure
from activation_sync.graph.clouds import Cloud, follow, parse_address
from activation_sync.graph.connection import Line, within
from activation_sync.graph.plain import etag_of
from activation_sync.graph.wire import next_link, read_reply, report_path

ADDRESSES = 3  # how often a download address is asked for, when the one before had expired
REDIRECTIONS = 5


@dataclass(frozen=True, slots=True)
class Download:
    """One report on its way.

    chunks: its bytes, to be read once, while the download is open; raises GraphBusyError when they end too early.
    etag: what to send next time, None when Graph gave none. is_unchanged: still the report of that etag; no chunks.
    """

    chunks: Iterator[bytes]
    etag: str | None
    request_id: str
    is_unchanged: bool = False


@contextmanager
def open_csv(line: Line, cloud: Cloud, report: Report, etag: str | None) -> Iterator[Download]:
    """A report as CSV. An address that has expired is asked for again."""
    url = cloud.root + report_path(report, cloud.reports_version, "csv")
    for _ in range(ADDRESSES):
        with line.call("GET", url, _unless(etag)) as answer:
            if answer.status_code not in REDIRECTS:
                yield _direct(line, cloud, report, answer)
                return
            line.read_whole(answer)  # a body left unread would cost the connection
            address = follow(url, answer.headers.get("location", ""))
        with _open_address(line, cloud, address) as source:
            if not 400 <= source.status_code < 500 or source.status_code == 429:
                yield _begun(answer, _body(line, cloud, report, source))
                return
    raise GraphBusyError(f"The {report} report: {ADDRESSES} download addresses in a row had expired.")


@contextmanager
def open_json(line: Line, cloud: Cloud, report: Report, etag: str | None) -> Iterator[Download]:
    """A report as JSON: the bodies of its pages, one after another, with a line break between."""
    with line.call("GET", cloud.root + report_path(report, cloud.reports_version, "json"), _unless(etag)) as answer:
        if answer.status_code == 304:
            yield _unchanged(answer)
            return
        first = _page(line, report, answer)
    yield _begun(answer, _within(cloud, report, _pages(line, cloud, report, first)))


@contextmanager
def _open_address(line: Line, cloud: Cloud, address: str) -> Iterator[httpx.Response]:
    for _ in range(REDIRECTIONS):
        _refuse_long(cloud, "A report download", address)
        if not cloud.allows_download(address):
            raise _refuse_host(address)
        with line.fetch(address) as response:
            if response.status_code not in REDIRECTS:
                yield response
                return
            address = follow(address, response.headers.get("location", ""))
    raise GraphRefusedError(f"A report download was redirected more than {REDIRECTIONS} times: try JSON instead.")


def _refuse_host(address: str) -> GraphRefusedError:
    parsed = parse_address(address)
    where = f"the host {parsed.host_port}" if parsed else "an address that is not plain https"
    return GraphRefusedError(
        f"Graph redirected a report download to {where}, which is not trusted. "
        "If it is Microsoft's, allow it as a download host in the configuration."
    )


def _refuse_long(cloud: Cloud, what: str, address: str) -> None:
    """Not shown: the address of a download is a secret."""
    most = cloud.bounds.address_chars
    if len(address) > most:
        raise GraphRefusedError(
            f"{what} goes on at an address of {len(address):,} characters; {most:,} are allowed (bounds.address_chars)."
        )


def _direct(line: Line, cloud: Cloud, report: Report, answer: httpx.Response) -> Download:
    """An answer without a redirect: not changed, the CSV itself, or a failure."""
    return _unchanged(answer) if answer.status_code == 304 else _begun(answer, _body(line, cloud, report, answer))


def _body(line: Line, cloud: Cloud, report: Report, response: httpx.Response) -> Iterator[bytes]:
    if response.status_code != 200:
        raise failure(f"The {report} report", line.read_whole(response), line.clock())
    return _within(cloud, report, line.chunks(response))


def _within(cloud: Cloud, report: Report, chunks: Iterator[bytes]) -> Iterator[bytes]:
    most = cloud.bounds.report_bytes
    problem = f"The {report} report is longer than {most:,} bytes: if it may be, raise bounds.report_bytes."
    return within(most, chunks, GraphRefusedError(problem))


def _page(line: Line, report: Report, answer: httpx.Response) -> tuple[bytes, str | None]:
    """One page: its bytes, and where the next one is. A page without rows is one; a body without `value` is not."""
    if answer.status_code != 200:
        raise failure(f"The {report} report", line.read_whole(answer), line.clock())
    content = line.read_body(answer)
    reply = read_reply(200, answer.headers, content)
    if not reply.is_json:
        raise failure(f"The {report} report", reply, line.clock())
    if not isinstance(reply.body, dict) or not isinstance(reply.body.get("value"), list):
        raise GraphBusyError(f"The {report} report: a page came without its rows (no `value` in the answer).")
    return content, next_link(reply.body)


def _pages(line: Line, cloud: Cloud, report: Report, first: tuple[bytes, str | None]) -> Iterator[bytes]:
    content, link = first
    yield content
    seen: set[str] = set()
    while link is not None:
        _judge_link(cloud, report, link, seen)
        seen.add(link)
        with line.call("GET", link) as answer:
            content, link = _page(line, report, answer)
        yield b"\n"
        yield content


def _judge_link(cloud: Cloud, report: Report, link: str, seen: set[str]) -> None:
    """Whether the next page is one, at Graph, and one that was not read before."""
    most = cloud.bounds.report_pages
    _refuse_long(cloud, f"The {report} report", link)
    if not cloud.is_own(link):
        raise GraphRefusedError(f"The {report} report continues at another server than Graph's: not followed.")
    if link in seen:
        raise GraphBusyError(f"The {report} report: page {len(seen) + 1} leads back to an earlier one.")
    if len(seen) + 1 >= most:
        raise GraphRefusedError(
            f"The {report} report has more than {most:,} pages: if it may have, raise bounds.report_pages."
        )


def _unless(etag: str | None) -> dict[str, str]:
    return {"If-None-Match": etag} if etag else {}


def _begun(answer: httpx.Response, body: Iterator[bytes]) -> Download:
    request_id = read_reply(answer.status_code, answer.headers, b"").request_id
    return Download(body, etag_of(answer.headers.get("etag")), request_id)


def _unchanged(answer: httpx.Response) -> Download:
    return replace(_begun(answer, iter(())), is_unchanged=True)
