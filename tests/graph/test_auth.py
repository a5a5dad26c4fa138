"""Tokens: one for all threads, and every trap of the token endpoint avoided."""

import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from activation_sync.errors import ConfigError, CredentialError, GraphBusyError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.sign_in import TIMEOUTS_S, SignInSession
from activation_sync.graph.trust import trust
from tests.support.clouds import cloud_at
from tests.support.servers.scripted_graph import (
    SECRET,
    TENANT_ID,
    TOKEN,
    Scripted,
    discovery,
    issued,
    will_discover,
    will_issue,
    will_sign_in,
    write_ca,
)

DISCOVERY = f"GET /{TENANT_ID}/v2.0/.well-known/openid-configuration"
POST_TOKEN = f"POST /{TENANT_ID}/oauth2/v2.0/token"


def refused(error: str, code: int = 7000215, status: int = 401) -> Scripted:
    return Scripted(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{code}: it was {SECRET}",
            "error_codes": [code],
            "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
        },
    )


def test_eight_cold_threads_ask_for_one_token(server, tokens):
    will_sign_in(server)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: tokens.token(), range(8)))
    assert found == [TOKEN] * 8
    assert server.calls() == [DISCOVERY, POST_TOKEN]


def test_the_application_declares_that_it_understands_challenges(server, tokens):
    will_sign_in(server)
    tokens.token()
    form = parse_qs(server.seen[-1].content.decode())
    assert json.loads(form["claims"][0])["access_token"]["xms_cc"] == {"values": ["CP1"]}
    assert form["scope"] == [f"{server.root}/.default"]


def test_a_refused_token_is_replaced_once_for_all_who_were_refused_with_it(server, tokens):
    will_discover(server, 2)
    will_issue(server, issued("first"), issued("second"))
    first = tokens.token()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: tokens.token(refused=first), range(4)))
    assert found == ["second"] * 4
    assert server.calls().count(POST_TOKEN) == 2


def test_a_challenge_is_passed_on_and_its_answer_kept(server, tokens):
    will_discover(server)
    will_issue(server, issued("first"), issued("second"))
    claims = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    first = tokens.token()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: tokens.token(claims, refused=first), range(4)))
    sent = json.loads(parse_qs(server.seen[-1].content.decode())["claims"][0])
    assert found == ["second"] * 4
    assert sent["access_token"]["nbf"] == {"essential": True, "value": "1"}
    assert tokens.token() == "second"


@pytest.mark.parametrize(
    "failure",
    [
        Scripted(503),
        Scripted(500, {"error": "server_error"}),
        Scripted(429, {"error": "x"}),
        Scripted(200, b"<html>sign in to the guest network</html>"),
        Scripted(200, {}),
        Scripted(400, {"error": "temporarily_unavailable"}),
        Scripted(302, b"", {"Location": "/elsewhere"}),
        Scripted(200, b'{"access_token": "cut', length=999),
    ],
)
def test_a_failure_of_the_token_endpoint_is_tried_again_over_the_network(server, tokens, failure):
    will_discover(server, 2)
    will_issue(server, failure, issued())
    with pytest.raises(GraphBusyError):
        tokens.token()
    assert tokens.token() == TOKEN


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (7000215, "Perhaps the secret's ID was pasted instead of its value"),
        (7000222, "The secret has expired."),
        (700016, "check tenant_id and client_id."),
    ],
)
def test_a_code_of_which_more_is_known_gets_a_hint_beside_the_remedy(server, tokens, code, hint):
    will_discover(server)
    will_issue(server, refused("invalid_client", code))
    with pytest.raises(CredentialError) as caught:
        tokens.token()
    assert "make a new one and configure it." in str(caught.value)
    assert hint in str(caught.value)


def test_a_code_that_says_no_more_gets_the_remedy_alone(server, tokens):
    will_discover(server)
    will_issue(server, refused("invalid_client", 90002))
    with pytest.raises(CredentialError, match=r"make a new one and configure it\.$"):
        tokens.token()


@pytest.mark.parametrize(("header", "expected"), [({"Retry-After": "17"}, 17.0), ({}, None)])
@pytest.mark.parametrize("status", [429, 503])
def test_the_token_endpoint_says_how_long_to_wait(server, tokens, status, header, expected):
    will_discover(server)
    will_issue(server, Scripted(status, b"", header))
    with pytest.raises(GraphBusyError, match=f"answered {status}") as caught:
        tokens.token()
    assert caught.value.retry_after_s == expected


@pytest.mark.parametrize(
    "failure", [Scripted(503), Scripted(429), Scripted(200, b"<html>"), Scripted(400, {"error": "x"})]
)
def test_a_token_due_for_renewal_but_still_valid_is_used_on_when_renewal_fails(server, tokens, failure):
    will_discover(server)
    will_issue(server, issued(refresh_in=-1), failure)
    tokens.token()
    assert tokens.token() == TOKEN
    assert server.calls().count(POST_TOKEN) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(refused("invalid_client"), "secret or certificate is wrong or has expired", id="secret"),
        pytest.param(refused("unauthorized_client", 700016, 400), "does not know the application", id="application"),
        pytest.param(refused("invalid_request", 90002, 400), "Check the tenant id", id="tenant"),
        pytest.param(refused("invalid_scope", 70011, 400), "same cloud as the sign-in", id="cloud"),
        pytest.param(refused("invalid_grant", 65001, 400), "consent", id="consent"),
        pytest.param(refused("something_new", 1, 400), "Look the code up", id="not-known-yet"),
        pytest.param(refused(f"<b>{SECRET}</b>", 1, 400), "an unknown error", id="not-an-error-name"),
    ],
)
def test_a_refusal_is_told_by_its_error_with_the_remedy(server, tokens, answer, message):
    will_discover(server)
    will_issue(server, answer)
    with pytest.raises(CredentialError, match=message) as caught:
        tokens.token()
    assert "AADSTS" in str(caught.value)
    assert "correlation id aaaa0000" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_refusal_is_not_remembered_once_the_secret_works(server, tokens):
    will_discover(server, 2)
    will_issue(server, refused("invalid_client", status=400), issued())
    with pytest.raises(CredentialError):
        tokens.token()
    assert tokens.token() == TOKEN


@pytest.mark.parametrize("status", [400, 404])
def test_a_tenant_that_does_not_exist_is_said_to(server, tokens, status):
    server.will_answer(DISCOVERY, Scripted(status, {"error": "invalid_tenant"}))
    with pytest.raises(CredentialError, match=f"no tenant {TENANT_ID}"):
        tokens.token()


@pytest.mark.parametrize("answer", [Scripted(503), Scripted(200, b"<html>"), Scripted(200, {"issuer": "x"})])
def test_a_failed_discovery_is_tried_again(server, tokens, answer):
    server.will_answer(DISCOVERY, answer, discovery(server))
    will_issue(server, issued())
    with pytest.raises(GraphBusyError):
        tokens.token()
    assert tokens.token() == TOKEN


@pytest.mark.parametrize("elsewhere", ["http://{own}/token", "https://127.0.0.1:9/token", "https://{own}@evil/", 5])
def test_the_secret_goes_to_no_endpoint_but_the_authoritys_own(server, tokens, elsewhere):
    """Whoever can answer the discovery call, such as a proxy that looks into connections, could name any other."""
    named = elsewhere.format(own=server.host_port) if isinstance(elsewhere, str) else elsewhere
    server.will_answer(DISCOVERY, Scripted(body={"token_endpoint": named, "authorization_endpoint": named}))
    with pytest.raises(ConfigError, match=r"not its own, so the secret was not sent: check graph\.authority_root"):
        tokens.token()
    assert server.calls() == [DISCOVERY]


def test_a_token_endpoint_out_of_reach_is_tried_again_later(ca_file):
    nowhere = cloud_at("https://127.0.0.1:9", "https://127.0.0.1:9")
    with pytest.raises(GraphBusyError, match=r"127\.0\.0\.1:9 did not answer: ConnectionError"):
        TokenSource(TENANT_ID, "client", SECRET, nowhere, ca_file).token()


def test_a_certificate_that_is_not_trusted_is_a_configuration_error(cloud):
    with pytest.raises(ConfigError, match="not trusted"):
        TokenSource(TENANT_ID, "client", SECRET, cloud).token()


def test_a_credential_that_cannot_be_read_is_said_to_without_showing_it(server, cloud, ca_file):
    will_discover(server)
    source = TokenSource(TENANT_ID, "client", {"private_key": SECRET, "thumbprint": "00"}, cloud, ca_file)
    with pytest.raises(CredentialError, match="cannot be used") as caught:
        source.token()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_environment_cannot_change_whom_we_trust(server, tokens, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "https://127.0.0.1:9")
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    will_sign_in(server)
    assert tokens.token() == TOKEN


def test_nobody_can_have_the_keys_of_our_connections_written_down(
    server, downloads, authority, cloud, tmp_path, monkeypatch
):
    """`SSLKEYLOGFILE` would let whoever records the network read every token."""
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    trust.cache_clear()
    ca_file = write_ca(authority, tmp_path)
    will_sign_in(server)
    server.will_answer("GET /v1.0/admin/reportSettings", Scripted(200, {"displayConcealedNames": True}))
    tokens = TokenSource(TENANT_ID, "client", SECRET, cloud, ca_file)
    with GraphClient(cloud, tokens, ca_file=ca_file) as graph:
        assert graph.read_report_settings() is True
    tokens.close()
    assert trust(None).keylog_filename is None
    assert not keys.exists()


def test_a_source_shows_neither_secret_nor_token(server, tokens):
    will_sign_in(server)
    tokens.token()
    assert repr(tokens) == f"TokenSource(application client in tenant {TENANT_ID})"
    assert SECRET not in str(vars(tokens)["_session"])


def test_every_call_to_the_token_endpoint_has_a_time_out(server, ca_file):
    seen = []

    class Watched(SignInSession):
        def get_adapter(self, url):
            adapter = super().get_adapter(url)
            send = adapter.send
            adapter.send = lambda request, **options: seen.append(options["timeout"]) or send(request, **options)
            return adapter

    server.will_answer("GET /x", Scripted(200, {"token_endpoint": f"{server.root}/token"}))
    Watched(ca_file).get(f"{server.root}/x")
    assert seen == [TIMEOUTS_S]
