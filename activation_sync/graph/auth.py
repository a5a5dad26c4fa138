"""Tokens for one application in one tenant, by MSAL's client-credential flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import jwt
import msal
import requests

from activation_sync.clock import utc_now
from activation_sync.errors import ActivationSyncError, ConfigError, CredentialError, GraphBusyError
from activation_sync.graph.clouds import Cloud
from activation_sync.graph.sign_in import (
    EndpointBusyError,
    ForeignEndpointError,
    SignInSession,
    UnknownTenantError,
    sign_in_error,
)
from activation_sync.graph.trust import is_untrusted, untrusted

Credential = str | Mapping[str, object]


class TokenSource:
    """One token at a time, whatever the number of threads.

    credential: passed on as MSAL takes it (a secret, or a mapping for certificates and assertions); never shown.
    MSAL keeps the token and renews it before it expires. A failed MSAL application is thrown away, because it
    replays what failed; whatever token it held was of no use any more.
    """

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        credential: Credential,
        cloud: Cloud,
        ca_file: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._credential = credential if isinstance(credential, str) else dict(credential)  # MSAL knows dicts only
        self._cloud = cloud
        self._session = SignInSession(ca_file, cloud.route, clock)
        self._application: msal.ConfidentialClientApplication | None = None
        self._newest: dict[str, str] = {}  # by scope
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"TokenSource({self._described})"

    @property
    def _described(self) -> str:
        return f"application {self._client_id} in tenant {self._tenant_id}"

    def close(self) -> None:
        self._session.close()

    def token(self, claims: str | None = None, refused: str | None = None, scope: str | None = None) -> str:
        """A token Graph may accept, or whoever else `scope` means.

        claims: what Graph's challenge asks for, as JSON. refused: the token Graph just refused; the answer is
        another one. When several threads were refused with the same token, the first fetches and the rest share.
        Raises CredentialError, GraphBusyError, ConfigError (certificate of the endpoint not trusted).
        """
        scope = scope or self._cloud.scope
        with self._lock:
            if refused is not None and refused != self._newest.get(scope):
                claims = None
            elif refused is not None and claims is None:
                self._application = None
            self._newest[scope] = self._acquire(scope, claims)
            return self._newest[scope]

    def _acquire(self, scope: str, claims: str | None) -> str:
        answer = self._ask(scope, claims)
        token = answer.get("access_token")
        if isinstance(token, str) and token and token.isascii() and token.isprintable():
            return token
        self._application = None
        raise sign_in_error(self._described, answer)

    def _ask(self, scope: str, claims: str | None) -> Mapping[str, object]:
        """MSAL's answer, from its cache or from the endpoint. The errors it raises hold the secret: none is chained."""
        try:
            if self._application is None:
                self._application = self._open_application()
            answer = self._application.acquire_token_for_client([scope], claims_challenge=claims)
            return answer or {}
        except requests.RequestException as error:
            self._application = None
            raise self._unreached(error) from None
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, jwt.PyJWTError) as error:
            self._application = None
            raise CredentialError(
                f"The credential of {self._described} cannot be used ({type(error).__name__}): "
                "check that secret, certificate and passphrase are the right ones."
            ) from None

    def _open_application(self) -> msal.ConfidentialClientApplication:
        """Makes the discovery call. The authority is configured, so nobody else is asked whether it is genuine."""
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._credential,
            authority=self._cloud.authority(self._tenant_id),
            instance_discovery=False,
            azure_region=False,
            client_capabilities=["CP1"],
            http_client=self._session,
        )

    def _unreached(self, error: requests.RequestException) -> ActivationSyncError:
        if isinstance(error, UnknownTenantError):
            return CredentialError(
                f"There is no tenant {self._tenant_id} at {self._cloud.authority_root} (it {error}): "
                "check the tenant id and the cloud."
            )
        if isinstance(error, ForeignEndpointError):
            words = "names a token endpoint that is not its own, so the secret was not sent"
            return ConfigError([f"{self._cloud.authority_root} {words}: check graph.authority_root, and who answers."])
        if is_untrusted(error):
            return untrusted(self._cloud.authority_root)
        if isinstance(error, EndpointBusyError):
            return GraphBusyError(f"The token endpoint {error}", error.retry_after_s)
        route = self._cloud.route
        if isinstance(error, requests.exceptions.ProxyError):
            return route.refused(str(error))
        answer = f"did not answer: {type(error).__name__}; {route.advice} if this lasts"
        return GraphBusyError(f"The token endpoint {self._cloud.authority_root} {answer}")


@dataclass(frozen=True, slots=True)
class ScopedTokens:
    """The tokens of a source for one scope: a write-back at another server than Graph's takes no token of Graph's."""

    source: TokenSource
    scope: str

    def token(self, claims: str | None = None, refused: str | None = None) -> str:
        """As `TokenSource.token`."""
        return self.source.token(claims, refused, self.scope)
