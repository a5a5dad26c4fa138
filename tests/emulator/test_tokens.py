"""Tokens: what unmodified MSAL needs, what Entra refuses and how, and what Graph makes of a token."""

import base64
import json

import jwt
import msal
import pytest
import requests

from activation_sync.emulator import Fault
from tests.emulator.conftest import Caller, OpenGraph

COUNTS = "/beta/reports/getOffice365ActivationsUserCounts"


def msal_app(graph: Caller, **settings: object) -> msal.ConfidentialClientApplication:
    session = requests.Session()
    session.trust_env, session.verify = False, str(graph.emulator.ca_file)
    defaults = {
        "client_credential": graph.tenant.client_secret,
        "authority": f"{graph.emulator.authority_root}/{graph.tenant.tenant_id}",
        "instance_discovery": False,
        "http_client": session,
    }
    return msal.ConfidentialClientApplication(graph.tenant.client_id, **{**defaults, **settings})


def test_unmodified_msal_gets_a_token_that_graph_accepts_and_keeps_it(graph: Caller) -> None:
    app, scopes = msal_app(graph), [f"{graph.emulator.graph_root}/.default"]
    first, second = app.acquire_token_for_client(scopes), app.acquire_token_for_client(scopes)
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    assert graph.get(COUNTS, Authorization=f"Bearer {first['access_token']}").status_code == 302


def test_msal_works_with_the_address_without_v2_too(graph: Caller) -> None:
    oidc = f"{graph.emulator.authority_root}/{graph.tenant.tenant_id}"
    app = msal_app(graph, authority=None, oidc_authority=oidc)
    assert "access_token" in app.acquire_token_for_client([f"{graph.emulator.graph_root}/.default"])


def test_instance_discovery_knows_this_host_only(graph: Caller) -> None:
    metadata = graph.get("/common/discovery/instance").json()["metadata"]
    assert [entry["preferred_network"] for entry in metadata] == [graph.emulator.graph_root.removeprefix("https://")]


def test_a_token_says_who_where_and_what(graph: Caller) -> None:
    claims_parameter = json.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}})
    token = graph.ask_token(claims=claims_parameter).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["tid"], claims["appid"]) == (graph.tenant.tenant_id, graph.tenant.client_id)
    assert "Reports.Read.All" in claims["roles"]
    assert claims["xms_cc"] == ["CP1"]


@pytest.mark.parametrize(
    ("changed", "status", "error", "number"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", 7000215, id="wrong-secret"),
        pytest.param({"tenant": "tailspin.example"}, 400, "invalid_tenant", 90002, id="unknown-tenant"),
        pytest.param({"client_id": "unknown"}, 400, "unauthorized_client", 700016, id="unknown-application"),
        pytest.param({"scope": "Reports.Read.All"}, 400, "invalid_scope", 70011, id="scope-without-default"),
        pytest.param({"scope": "https://else.example/.default"}, 400, "invalid_resource", 500011, id="other-resource"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", 70003, id="other-grant"),
        pytest.param({"claims": "{"}, 400, "invalid_request", 9002326, id="claims-not-json"),
    ],
)
def test_entra_refuses_with_a_number_and_the_ids_support_asks_for(
    graph: Caller, changed: dict[str, str], status: int, error: str, number: int
) -> None:
    answer = graph.ask_token(**changed)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert all(body[name] for name in ("trace_id", "correlation_id", "timestamp", "error_uri"))


def test_msal_reads_a_wrong_secret_as_an_error_dict_and_no_secret_is_in_it(graph: Caller) -> None:
    answer = msal_app(graph, client_credential="not-the-secret").acquire_token_for_client(["x/.default"])
    assert answer["error_codes"] == [7000215]
    assert "not-the-secret" not in str(answer)


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ("", "Access token is empty."),
        ("Bearer", "Access token is empty."),
        ("Basic eDp5", "Access token is empty."),
        ("Bearer not-a-token", "CompactToken parsing failed"),
    ],
)
def test_graph_refuses_what_is_not_a_token(graph: Caller, authorization: str, words: str) -> None:
    answer = graph.get(COUNTS, Authorization=authorization)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answer.json()["error"]["message"].startswith(words)
    assert "authorization_uri=" in answer.headers["www-authenticate"]


def test_a_token_signed_by_someone_else_is_refused(graph: Caller) -> None:
    real = jwt.decode(graph.http.headers["Authorization"][7:], options={"verify_signature": False})
    forged = jwt.encode(real, "k" * 32, "HS256")
    assert graph.get(COUNTS, Authorization=f"Bearer {forged}").status_code == 401


def test_a_token_expires_by_the_scenario_clock_and_a_new_one_works(open_graph: OpenGraph) -> None:
    graph = open_graph(token_lifetime_s=600)
    graph.emulator.advance(seconds=599)
    before = graph.get(COUNTS).status_code
    graph.emulator.advance(seconds=2)
    after = graph.get(COUNTS)
    graph.renew()
    assert (before, after.status_code, graph.get(COUNTS).status_code) == (302, 401, 302)
    assert "expired" in after.json()["error"]["message"]


def test_a_new_day_leaves_tokens_alone(graph: Caller) -> None:
    graph.emulator.advance(days=30)
    assert graph.get(COUNTS).status_code == 302


def test_a_token_for_another_cloud_has_the_wrong_audience(graph: Caller) -> None:
    graph.renew(scope="https://graph.microsoft.us/.default")
    assert "Invalid audience" in graph.get(COUNTS).json()["error"]["message"]


def test_a_missing_permission_is_a_403_for_that_tenant_alone(open_graph: OpenGraph) -> None:
    graph = open_graph(tenants=("contoso", "fabrikam"), roles={"contoso": ()})
    answer = graph.get(COUNTS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "S2SUnauthorized")
    other = Caller(graph.emulator, graph.emulator.tenants[1])
    assert other.get(COUNTS).status_code == 302


def test_a_tenant_sees_and_changes_nothing_of_another(graph: Caller) -> None:
    other = Caller(graph.emulator, graph.emulator.tenants[1])
    before = graph.emulator.rows(other.tenant.tenant_id)
    assert graph.patch({"id": other.row_id(), "assigned": 1}).status_code == 404
    assert graph.emulator.rows(other.tenant.tenant_id) == before
    mine = graph.get("/beta/office365ActivationsUserCounts").json()["value"]
    assert {row["id"] for row in mine} == {row.id for row in graph.emulator.rows(graph.tenant.tenant_id)}


def test_a_claims_challenge_reaches_clients_that_declared_cp1_and_no_others(graph: Caller) -> None:
    graph.emulator.will_answer("GET getOffice365ActivationsUserCounts", Fault(kind="claims-challenge"))
    assert graph.get(COUNTS).status_code == 302
    graph.renew(claims=json.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}}))
    challenge = graph.get(COUNTS)
    assert challenge.status_code == 401
    assert 'error="insufficient_claims"' in challenge.headers["www-authenticate"]
    encoded = challenge.headers["www-authenticate"].partition('claims="')[2].partition('"')[0]
    assert "nbf" in json.loads(base64.b64decode(encoded))["access_token"]


def test_no_secret_and_no_token_is_written_down(graph: Caller) -> None:
    graph.download("getOffice365ActivationsUserCounts")
    graph.patch({**graph.key(), "assigned": 3})
    written = repr(graph.emulator.journal()) + repr(graph.emulator.tenants) + graph.get("/_emulator/journal").text
    token = graph.http.headers["Authorization"].removeprefix("Bearer ")
    assert token not in written
    assert graph.tenant.client_secret not in written
    assert written.count("/data/download/...") == 2
