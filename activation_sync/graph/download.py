"""Downloading a report: CSV by a redirect to a pre-authenticated address, JSON page by page.

The address is a secret for as long as it lives: it is followed here, without our token, to hosts we trust only,
and never printed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from activation_sync.core.model import Report
from activation_sync.errors import GraphBusyError, GraphRefusedError
from activation_sync.graph.answers import REDIRECTS, failure
from activation_sync.graph.clouds import Cloud, follow, parse_address
from activation_sync.graph.connection import Line, chunks, read_whole
from activation_sync.graph.wire import Reply, next_link, report_path

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
                yield _direct(line, report, answer)
                return
            read_whole(answer)  # a body left unread would cost the connection
            address = follow(url, answer.headers.get("location", ""))
        with _open_address(line, cloud, address) as source:
            if not 400 <= source.status_code < 500 or source.status_code == 429:
                yield _begun(answer, _body(line, report, source))
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
    yield _begun(answer, _pages(line, cloud, report, first))


@contextmanager
def _open_address(line: Line, cloud: Cloud, address: str) -> Iterator[httpx.Response]:
    for _ in range(REDIRECTIONS):
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


def _direct(line: Line, report: Report, answer: httpx.Response) -> Download:
    """An answer without a redirect: not changed, the CSV itself, or a failure."""
    return _unchanged(answer) if answer.status_code == 304 else _begun(answer, _body(line, report, answer))


def _body(line: Line, report: Report, response: httpx.Response) -> Iterator[bytes]:
    if response.status_code != 200:
        raise failure(f"The {report} report", read_whole(response), line.clock())
    return chunks(response)


def _page(line: Line, report: Report, answer: httpx.Response) -> tuple[bytes, str | None]:
    """One page: its bytes, and where the next one is. A page without rows is one; a body without `value` is not."""
    reply = read_whole(answer)
    if reply.status != 200:
        raise failure(f"The {report} report", reply, line.clock())
    if not isinstance(reply.body, dict) or not isinstance(reply.body.get("value"), list):
        raise GraphBusyError(f"The {report} report: a page came without its rows (no `value` in the answer).")
    return answer.content, next_link(reply.body)


def _pages(line: Line, cloud: Cloud, report: Report, first: tuple[bytes, str | None]) -> Iterator[bytes]:
    content, link = first
    yield content
    seen: set[str] = set()
    while link is not None:
        if not cloud.is_own(link):
            raise GraphRefusedError(f"The {report} report continues at another server than Graph's: not followed.")
        if link in seen:
            raise GraphBusyError(f"The {report} report: page {len(seen) + 1} leads back to an earlier one.")
        seen.add(link)
        with line.call("GET", link) as answer:
            content, link = _page(line, report, answer)
        yield b"\n"
        yield content


def _unless(etag: str | None) -> dict[str, str]:
    return {"If-None-Match": etag} if etag else {}


def _begun(answer: httpx.Response, body: Iterator[bytes]) -> Download:
    return Download(body, answer.headers.get("etag"), Reply(0, answer.headers).request_id)


def _unchanged(answer: httpx.Response) -> Download:
    return Download(iter(()), answer.headers.get("etag"), Reply(0, answer.headers).request_id, is_unchanged=True)
