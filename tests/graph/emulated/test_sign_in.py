"""Sign-in with the emulator, and what must not be seen of it."""

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from activation_sync.emulator import Fault
from activation_sync.errors import ActivationSyncError, CredentialError, GraphBusyError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from tests.graph.emulated.connecting import COUNTS, CSV_HOP, clock_of, read, served, timing


def test_eight_cold_threads_sign_in_once(graph, emulator):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: graph.read_token_roles(), range(8)))
    assert (served(emulator, "discovery"), served(emulator, "token")) == ([200], [200])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"secret": "not~the~secret"}, "secret or certificate is wrong"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "There is no tenant 0000"),
    ],
)
def test_a_wrong_credential_or_tenant_is_told_apart_and_shows_no_secret(connect, wrong, message):
    with pytest.raises(CredentialError, match=message) as caught:
        connect(**wrong).read_token_roles()
    assert "not~the~secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("operation", ["token", "discovery"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, retry_after_s=9),
        Fault(503, body="html"),
        Fault(kind="html"),
        Fault(kind="reset-before-answer"),
        Fault(kind="cut-length"),
        Fault(kind="cut-clean"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_sign_in_that_fails_is_repeated_over_the_network(graph, emulator, naps, operation, fault):
    emulator.will_answer(operation, fault)
    with pytest.raises(GraphBusyError) as caught:
        read(graph)
    assert caught.value.retry_after_s == fault.retry_after_s
    clock_of(emulator, naps).sleep(fault.retry_after_s or 0)
    assert read(graph)


def test_a_throttled_sign_in_is_waited_for_by_every_client_of_the_tenant(graph, emulator, naps):
    emulator.will_answer("token", Fault(429, retry_after_s=9))
    for nap_s, left_s in [(3, 9), (6, 6)]:
        with pytest.raises(GraphBusyError) as caught:
            read(graph)
        assert caught.value.retry_after_s == left_s
        clock_of(emulator, naps).sleep(nap_s)
    assert read(graph)
    assert served(emulator, "token") == [429, 200]


def test_a_token_that_expired_at_graph_is_replaced(graph, emulator):
    read(graph)
    emulator.advance(seconds=4000)
    read(graph)
    assert served(emulator, "token") == [200, 200]


def test_probes_tell_permissions_and_concealment(graph):
    assert graph.read_token_roles() == ("ReportSettings.Read.All", "Reports.Read.All")
    assert graph.read_report_settings() is False


class RememberingTokens(TokenSource):
    """Keeps what it gave out, so that a test can look for it where it must not be."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.given: set[str] = set()

    def token(self, claims: str | None = None, refused: str | None = None) -> str:
        token = super().token(claims, refused)
        self.given.add(token)
        return token


def test_nothing_secret_is_logged_or_raised_by_any_failure(emulator, tenant, cloud, naps, caplog):
    caplog.set_level(logging.DEBUG)
    tokens = RememberingTokens(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, emulator.ca_file)
    shown = []
    with GraphClient(cloud, tokens, **timing(emulator, naps)) as graph:
        read(graph)
        for operation, fault in [(COUNTS, Fault(403)), (COUNTS, Fault(kind="answer-lost")), (CSV_HOP, Fault(500))]:
            emulator.will_answer(operation, fault)
            with pytest.raises(ActivationSyncError) as caught:
                read(graph)
            shown += [*traceback.format_exception(caught.value), repr(caught.value), repr(tokens), repr(graph)]
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]  # ours
    text = "\n".join(logged + shown)
    assert "Traceback" in text
    assert "HTTP Request: GET" in text
    assert tokens.given
    assert [secret for secret in (*tokens.given, tenant.client_secret, "/data/download") if secret in text] == []
