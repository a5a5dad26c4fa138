"""The line to Graph: sends one call until Graph gives an answer other than "wait" or "another token"."""

import logging
import ssl
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from activation_sync.clock import utc_now
from activation_sync.core.bounds import BOUNDS, Bounds
from activation_sync.errors import ActivationSyncError, GraphBusyError
from activation_sync.graph.answers import WAITING
from activation_sync.graph.auth import ScopedTokens, TokenSource
from activation_sync.graph.body import pieces
from activation_sync.graph.clouds import parse_address
from activation_sync.graph.route import STRAIGHT, Route
from activation_sync.graph.trust import is_untrusted, trust, untrusted
from activation_sync.graph.waits import Waits
from activation_sync.graph.wire import Reply, claims_challenge, is_status, read_reply, retry_after_s

TIMEOUTS = httpx.Timeout(connect=10.0, read=60.0, write=30.0, pool=120.0)
USER_AGENT = "activation-sync"
# More connections than this are slower, not faster: the pool is searched for every request.
LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=8)
SENT_AT, BODY = "activation_sync.sent_at", "activation_sync.body"  # what we note with an answer
HEADERS = {"User-Agent": "activation-sync", "Accept-Encoding": "identity"}


class Line:
    """Connections, waits and token of one tenant; safe to share between threads."""

    def __init__(
        self,
        tokens: TokenSource | ScopedTokens,
        waits: Waits,
        ca_file: Path | None,
        route: Route = STRAIGHT,
        clock: Callable[[], datetime] = utc_now,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.tokens = tokens
        self.waits = waits
        self.clock = clock
        self._bounds = bounds
        self._route = route
        context = trust(ca_file)
        self._graph = httpx.Client(
            transport=_transport(context, route), trust_env=False, timeout=TIMEOUTS, headers=HEADERS
        )
        # A bare transport adds no header, keeps no cookie, and does not log the address as a client does at INFO ...
        self._bare = _transport(context, route)
        # ... and at DEBUG, Graph's answer with the address in it is kept from the log.
        logging.getLogger("httpcore.http11").addFilter(_shows_no_location)

    def close(self) -> None:
        self._graph.close()
        self._bare.close()

    @contextmanager
    def call(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The answer to one call, still open, so that a large body can be streamed.

        Waits are waited and a refused token is replaced once; any other answer is given as it is.
        Raises GraphBusyError when no answer came, and what TokenSource raises.
        """
        response = self._ask(method, url, headers or {}, None)
        try:
            yield response
        finally:
            response.close()

    def reply(self, method: str, url: str, content: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """The answer to one call with `content` as its JSON body, read whole. Raises as `call` does."""
        response = self._ask(method, url, headers or {}, content)
        try:
            return self.read_whole(response)
        finally:
            response.close()

    @contextmanager
    def fetch(self, url: str) -> Iterator[httpx.Response]:
        """The answer of a pre-authenticated address, still open: no token goes there, and no header of ours."""
        response = self._patiently("download", lambda: self._fetch_once(url))
        try:
            yield response
        finally:
            response.close()

    def read_whole(self, response: httpx.Response) -> Reply:
        """An answer with its body. A 503 is closed unread: that drops its connection, and Graph asks for a new one."""
        if response.status_code == 503:
            response.close()
            return read_reply(503, response.headers, b"")
        return read_reply(response.status_code, response.headers, self.read_body(response))

    def read_body(self, response: httpx.Response) -> bytes:
        """The body of an answer that is no report. Raises GraphBusyError when it is too long, or as `chunks` does."""
        if BODY in response.extensions:  # read before, to see how long to wait
            return bytes(response.extensions[BODY])
        most = self._bounds.body_bytes
        problem = f"An answer is longer than {most:,} bytes (bounds.body_bytes). Is a proxy in between?"
        response.extensions[BODY] = b"".join(within(most, self.chunks(response), GraphBusyError(problem)))
        return bytes(response.extensions[BODY])

    def chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """The body in pieces as they arrive. Raises GraphBusyError when it ends before it should, or takes too long."""
        try:
            with reaching(self._route):
                for piece in pieces(response):
                    self._refuse_slow(response)
                    yield piece
        finally:
            response.close()

    def _timed(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        sent_at = self.clock()
        response = send()
        response.extensions[SENT_AT] = sent_at
        if not is_status(response.status_code):
            response.close()
            raise GraphBusyError(
                f"An answer came with the status {response.status_code}, which HTTP does not have. "
                "Is a proxy in between?"
            )
        return response

    def _refuse_slow(self, response: httpx.Response) -> None:
        longest_s = self._bounds.call_s
        if self.clock() - response.extensions[SENT_AT] > timedelta(seconds=longest_s):
            raise GraphBusyError(f"An answer took longer than {longest_s:g} s (bounds.call_s): check the network.")

    def renew_token(self, reply: Reply) -> None:
        """Replace the token that an item of a batch was refused with."""
        self.tokens.token(claims_challenge(reply), refused=self.tokens.token())

    def _ask(self, method: str, url: str, headers: Mapping[str, str], content: object) -> httpx.Response:
        kind, token = f"{method} {url.partition('?')[0]}", self.tokens.token()
        response = self._patiently(kind, lambda: self._ask_once(method, url, _signed(headers, token), content))
        if response.status_code != 401:
            return response
        fresh = self.tokens.token(claims_challenge(self.read_whole(response)), refused=token)
        return self._patiently(kind, lambda: self._ask_once(method, url, _signed(headers, fresh), content))

    def _patiently(self, kind: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send again after every wait Graph asks for; the answer that asks for too long a one is given back."""
        pause = self.waits.begin(kind)
        while True:
            pause.before_sending(self.clock())
            response = self._timed(send)
            if response.status_code not in WAITING:
                return response
            now = self.clock()
            if not pause.wait(retry_after_s(self.read_whole(response), now), now):
                return response

    def _ask_once(self, method: str, url: str, headers: Mapping[str, str], content: object) -> httpx.Response:
        with reaching(self._route):
            request = self._graph.build_request(method, url, headers=headers, json=content)
            request.url = ExactUrl(url)
            return self._graph.send(request, stream=True)

    def _fetch_once(self, url: str) -> httpx.Response:
        with reaching(self._route):
            request = httpx.Request("GET", url, extensions={"timeout": TIMEOUTS.as_dict()})
            request.url = ExactUrl(url)
            return self._bare.handle_request(request)


def within(most_bytes: int, chunks: Iterable[bytes], problem: ActivationSyncError) -> Iterator[bytes]:
    """The chunks, as long as they are no more than that in sum; then the problem is raised."""
    left = most_bytes
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise problem
        yield chunk


@contextmanager
def reaching(route: Route = STRAIGHT) -> Iterator[None]:
    """Errors of the connection in our words. The originals hold the request, token and all: none is chained."""
    try:
        yield
    except httpx.RequestError as error:
        if is_untrusted(error):
            raise untrusted("Graph") from None
        if isinstance(error, httpx.ProxyError):
            raise route.refused(str(error)) from None
        kind = type(error).__name__
        raise GraphBusyError(f"No whole answer from Graph ({kind}): {route.advice} if this lasts.") from None
    except (httpx.InvalidURL, UnicodeError):  # a host whose name cannot be encoded, or an address out of all bounds
        raise GraphBusyError("Graph led to an address that no request can be sent to.") from None


def _transport(context: ssl.SSLContext, route: Route) -> httpx.HTTPTransport:
    proxy = httpx.Proxy(route.proxy, ssl_context=context if route.is_encrypted else None) if route.proxy else None
    return httpx.HTTPTransport(verify=context, trust_env=False, limits=LIMITS, proxy=proxy)


def _shows_no_location(record: logging.LogRecord) -> bool:
    return "location" not in record.getMessage().lower()


def _signed(headers: Mapping[str, str], token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "client-request-id": str(uuid.uuid4()), **headers}


class ExactUrl(httpx.URL):
    """Path and query as they came: an address may be signed to the byte, and httpx would tidy it.

    The extension `target` would do the same, but to the CONNECT of a proxy too, which would read the signed path.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        address = parse_address(url)
        self._target = address.target.encode("ascii") if address else b"/"

    @property
    def raw_path(self) -> bytes:
        return self._target
