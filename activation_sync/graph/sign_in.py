"""MSAL's way to the token endpoint, and what the endpoint's refusals mean.

MSAL keeps failed answers and replays them for seconds to an hour without asking again, and it lets a 5xx through
although it holds a valid token. Both happen only to answers it gets to see. So this session raises a failure as the
network error MSAL falls back from; what a failure means is then decided here alone.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from activation_sync.clock import utc_now
from activation_sync.core.bounds import BOUNDS
from activation_sync.errors import ActivationSyncError, CredentialError, GraphBusyError
from activation_sync.graph.clouds import has_origin
from activation_sync.graph.route import STRAIGHT, Route
from activation_sync.graph.trust import trust
from activation_sync.graph.wire import read_reply, retry_after_s

TIMEOUTS_S = (10.0, 30.0)  # to connect, between bytes; MSAL has none of its own

_CLOUD = "Check that the configured Graph root belongs to the same cloud as the sign-in."
_POLICY = "Ask an administrator of the tenant for consent, and whether a sign-in policy blocks the application."
_CONSENT = "An administrator of the tenant must consent to the application's permissions."

# By `error` alone: Microsoft changes codes and texts, and says so.
REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "invalid_client": "The secret or certificate is wrong or has expired: make a new one and configure it.",
        "unauthorized_client": "The tenant does not know the application, or it is disabled: check both ids.",
        "invalid_tenant": "Check the tenant id, and that the tenant belongs to the configured cloud.",
        "invalid_request": "Check the tenant id, and that the tenant belongs to the configured cloud.",
        "invalid_scope": _CLOUD,
        "invalid_resource": _CLOUD,
        "invalid_grant": _POLICY,
        "interaction_required": _POLICY,
        "consent_required": _CONSENT,
        "access_denied": _CONSENT,
    }
)
# Hints only: told beside the remedy, and left out when Microsoft no longer uses the code.
HINTS: Mapping[int, str] = MappingProxyType(
    {
        7000215: "Perhaps the secret's ID was pasted instead of its value: the portal shows the value once, when it is "
        "made.",
        7000222: "The secret has expired.",
        700016: "The application is not in this tenant: check tenant_id and client_id.",
    }
)
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


class EndpointBusyError(requests.RequestException):
    """The endpoint failed, throttled us, or something in between answered. retry_after_s: None when it did not say."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnknownTenantError(requests.RequestException):
    """Discovery refused the authority: no such tenant, or not in this cloud."""


class ForeignEndpointError(requests.RequestException):
    """Discovery names a token endpoint that is not the authority's own, so the secret was not sent."""


class _OwnTrust(HTTPAdapter):
    """Connections with our own TLS context; the one that requests makes itself obeys SSLKEYLOGFILE."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, ssl_context=self._context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        contexts = {"ssl_context": self._context, "proxy_ssl_context": self._context}
        return super().proxy_manager_for(proxy, **contexts, **options)

    def cert_verify(self, *_: Any) -> None:
        """Adds nobody to those whom the context trusts."""


class SignInSession(requests.Session):
    """Always with a time-out, never with proxies, CA bundles or key logs from the environment, never redirected.

    A redirect of the token call would carry the secret to another host. A wait that the endpoint asked of one thread
    binds all of them: until it is over, nothing is sent.
    """

    def __init__(self, ca_file: Path | None, route: Route = STRAIGHT, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__()
        self.mount("https://", _OwnTrust(trust(ca_file)))
        if route.proxy:
            self.proxies = {"https": route.proxy}
        self._clock = clock
        self._closed_until = clock()
        self.trust_env = False
        self.max_redirects = 0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self._refuse_while_closed()
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUTS_S
        request.headers["Accept-Encoding"] = "identity"
        response = super().send(request, **{**kwargs, "stream": True})
        try:
            read_within(BOUNDS.body_bytes, response)
            raise_if_failed(response)
        except EndpointBusyError as busy:
            self._closed_until = self._clock() + timedelta(seconds=busy.retry_after_s or 0)
            raise
        return response

    def _refuse_while_closed(self) -> None:
        left_s = (self._closed_until - self._clock()).total_seconds()
        if left_s > 0:
            raise EndpointBusyError(f"asked us to wait; {left_s:.0f} s are left, and nothing was sent", left_s)


def read_within(most_bytes: int, response: requests.Response) -> None:
    """Read the body, if it is as we asked for it. Raises EndpointBusyError for one that is too long, or encoded."""
    coding = response.headers.get("Content-Encoding", "identity")
    if coding.strip().lower() != "identity":
        response.close()
        raise EndpointBusyError(
            f"answered in the coding {coding[:40]!r}, which was not asked for; is a proxy in between?"
        )
    content = response.raw.read(most_bytes + 1, decode_content=False)
    response.close()
    if len(content) > most_bytes:
        raise EndpointBusyError(f"answered with more than {most_bytes:,} bytes; is a proxy in between?")
    response._content = content  # what `requests` itself would have read


def raise_if_failed(response: requests.Response) -> None:
    """Leave MSAL only what it is good at: tokens, and refusals as JSON."""
    reply = read_reply(response.status_code, response.headers, response.content)
    if reply.status == 429 or reply.status >= 500:
        raise EndpointBusyError(f"answered {reply.status}", retry_after_s(reply, utc_now()))
    if response.request.method == "GET" and reply.status >= 400:
        raise UnknownTenantError(f"answered {reply.status}")
    if not isinstance(reply.body, dict):
        raise EndpointBusyError(f"answered {reply.status} with something that is not JSON; is a proxy in between?")
    if response.request.method == "GET":
        _judge_discovery(reply.body, str(response.request.url))


def _judge_discovery(document: Mapping[str, Any], asked: str) -> None:
    """The secret is sent to the endpoint that the document names: only the authority's own will do."""
    if "token_endpoint" not in document:
        raise EndpointBusyError("answered the discovery call without naming a token endpoint")
    if not has_origin(str(document["token_endpoint"]), asked):
        raise ForeignEndpointError


def sign_in_error(application: str, answer: Mapping[str, object]) -> ActivationSyncError:
    """What a refusal means, by its `error`; AADSTS codes and ids are shown for the record only."""
    error = str(answer.get("error", ""))
    if error in PASSING or not error:
        reason = error or "an answer without a token"
        return GraphBusyError(f"The token endpoint had no token for {application}: {reason}")
    remedy = REMEDIES.get(error, "Look the code up at https://login.microsoftonline.com/error.")
    said = [remedy, *(HINTS[code] for code in _codes(answer) if code in HINTS)]
    return CredentialError(f"The token endpoint refused {application}: {_diagnosis(error, answer)}. {' '.join(said)}")


def _codes(answer: Mapping[str, object]) -> list[int]:
    codes = answer.get("error_codes")
    known = codes[:5] if isinstance(codes, list) else []
    return [code for code in known if isinstance(code, int) and 0 < code < 10**9]


def _diagnosis(error: str, answer: Mapping[str, object]) -> str:
    """Only what has the shape it should have, so that nothing the endpoint echoes can come along."""
    shown = [f"AADSTS{code}" for code in _codes(answer)]
    correlation = str(answer.get("correlation_id", ""))
    if re.fullmatch(r"[0-9a-fA-F-]{36}", correlation):
        shown.append(f"correlation id {correlation}")
    name = error if error in REMEDIES or re.fullmatch(r"[a-z_]{1,40}", error) else "an unknown error"
    return f"{name} ({', '.join(shown)})" if shown else name
