"""Entra, as far as a client with a secret meets it: discovery, the token endpoint, and the check of tokens.

Tokens are signed with a key of this emulator's own, not with a published RSA key: nothing but it can check them.
"""

import base64
import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import jwt
from jwt.types import Options

from activation_sync.emulator.http.answers import Call, EmulatedReply, EntraRefusal, Refusal, Visit, json_reply
from activation_sync.emulator.scenario import CLOUD_ROOTS, EmulatedTenant
from activation_sync.emulator.service.world import World

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
ALGORITHM = "HS256"


def admit_to_login(world: World, visit: Visit) -> None:
    """Find the tenant that the path names, and the application that the form names."""
    name = visit.call.path.strip("/").split("/")[0]
    visit.tenant = world.tenant_called(name)
    visit.app_id = _form(visit.call).get("client_id", "")
    if visit.tenant is None and name != "common":
        raise EntraRefusal(400, "invalid_tenant", 90002, f"Tenant '{name}' not found. Check the tenant ID.")


def admit_to_graph(world: World, visit: Visit) -> None:
    """Read the token; whatever it does not prove is refused with 401."""
    scheme, _, token = visit.call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized(world, "Access token is empty.")
    claims = _claims(world, token)
    if claims["aud"] not in (world.root, CLOUD_ROOTS[world.scenario.cloud], GRAPH_APP_ID):
        raise unauthorized(world, "Access token validation failure. Invalid audience.")
    if world.clock.now().timestamp() >= claims["exp"]:
        raise unauthorized(world, "Access token has expired or is not yet valid.")
    visit.tenant, visit.app_id = world.tenant_called(claims["tid"]), claims["appid"]
    visit.roles = tuple(claims["roles"])
    visit.has_cp1 = "cp1" in (capability.lower() for capability in claims.get("xms_cc", ()))


def unauthorized(world: World, message: str, challenge: str = "") -> Refusal:
    """A 401 as Graph words it; `challenge` adds to its `www-authenticate`."""
    realm = f'Bearer realm="", authorization_uri="{world.root}/common/oauth2/authorize", client_id="{GRAPH_APP_ID}"'
    return Refusal(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": realm + challenge})


def challenge_claims(world: World) -> Refusal:
    """A 401 of continuous access evaluation: only a token asked for with these claims will do."""
    claims = {"access_token": {"nbf": {"essential": True, "value": str(int(world.clock.now().timestamp()))}}}
    encoded = base64.b64encode(json.dumps(claims).encode()).decode()
    message = "Continuous access evaluation resulted in challenge with code: TokenIssuedBeforeRevocationTimestamp"
    return unauthorized(world, message, f', error="insufficient_claims", claims="{encoded}"')


def serve_discovery(world: World, visit: Visit) -> EmulatedReply:
    """The OpenID configuration of a tenant."""
    base = f"{world.root}/{visit.owner.tenant_id}"
    return json_reply(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": f"{base}/v2.0",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
        }
    )


def serve_instances(world: World, _: Visit) -> EmulatedReply:
    """The instance discovery document: this host, and nothing beside it."""
    host = world.root.removeprefix("https://")
    instance = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    return json_reply({"api-version": "1.1", "metadata": [instance]})


def serve_token(world: World, visit: Visit) -> EmulatedReply:
    """A token for an application that proves itself with its secret."""
    form, tenant = _form(visit.call), visit.owner
    if form.get("grant_type") != "client_credentials":
        raise EntraRefusal(400, "unsupported_grant_type", 70003, "The grant type is not supported by this emulator.")
    _refuse_strangers(tenant, form)
    lifetime_s = world.scenario.token_lifetime_s
    token = mint_token(world, tenant, _audience(world, form), _capabilities(form))
    answer = {"token_type": "Bearer", "expires_in": lifetime_s, "ext_expires_in": lifetime_s, "access_token": token}
    if world.scenario.token_refresh_s is not None:
        answer["refresh_in"] = world.scenario.token_refresh_s
    return json_reply(answer, headers={"Cache-Control": "no-store, no-cache"})


def mint_token(world: World, tenant: EmulatedTenant, audience: str, capabilities: list[str]) -> str:
    """A signed token of this tenant's application."""
    now = world.clock.now()
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant.tenant_id}/",
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=world.scenario.token_lifetime_s)).timestamp()),
        "appid": tenant.client_id,
        "tid": tenant.tenant_id,
        "roles": list(tenant.roles),
        "idtyp": "app",
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
    }
    return jwt.encode(claims | ({"xms_cc": capabilities} if capabilities else {}), world.signing_key, ALGORITHM)


def _refuse_strangers(tenant: EmulatedTenant, form: dict[str, str]) -> None:
    client_id = form.get("client_id", "")
    if client_id != tenant.client_id:
        text = f"Application with identifier '{client_id}' was not found in the directory '{tenant.name}'."
        raise EntraRefusal(400, "unauthorized_client", 700016, text)
    # certificates and federated credentials (`client_assertion`) would be checked here
    if "client_secret" not in form:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise EntraRefusal(401, "invalid_client", 7000218, text)
    if form["client_secret"] != tenant.client_secret:
        text = f"Invalid client secret provided for app '{client_id}'. Send the secret's value, not its ID."
        raise EntraRefusal(401, "invalid_client", 7000215, text)


def _audience(world: World, form: dict[str, str]) -> str:
    scope = form.get("scope", "")
    resource = scope.removesuffix("/.default")
    if resource == scope:
        text = f"The provided value for the input parameter 'scope' isn't valid. The scope {scope} isn't valid."
        raise EntraRefusal(400, "invalid_scope", 70011, text)
    if resource not in (world.root, *CLOUD_ROOTS.values(), GRAPH_APP_ID):
        text = f"The resource principal named {resource} was not found in the tenant."
        raise EntraRefusal(400, "invalid_resource", 500011, text)
    return resource


def _capabilities(form: dict[str, str]) -> list[str]:
    """The client capabilities that the `claims` parameter declares."""
    try:
        wanted = json.loads(form.get("claims") or "{}")
        return [str(value) for value in wanted.get("access_token", {}).get("xms_cc", {}).get("values", ())]
    except (ValueError, AttributeError):
        raise EntraRefusal(400, "invalid_request", 9002326, "The 'claims' parameter isn't valid JSON.") from None


def _claims(world: World, token: str) -> dict[str, Any]:
    """The claims of a token that this emulator signed. Expiry is the scenario clock's business."""
    unchecked: Options = {"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False}
    try:
        return jwt.decode(token, world.signing_key, [ALGORITHM], options=unchecked)
    except jwt.InvalidTokenError:
        raise unauthorized(world, "CompactToken parsing failed with error code: 80049217") from None


def _form(call: Call) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
