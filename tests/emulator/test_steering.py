"""Steering over HTTP, hosting for a command, and starting and stopping."""

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from activation_sync.emulator import Fault, Scenario, open_emulator
from activation_sync.emulator.hosting import host_emulator
from tests.emulator.conftest import RESOURCE, Caller

COUNTS = "/v1.0/reports/getOffice365ActivationsUserCounts"


def test_a_script_of_any_language_can_queue_list_and_clear_faults(graph: Caller) -> None:
    wanted = {"operation": "GET getOffice365ActivationsUserCounts", "status": 503, "retry_after_s": 2, "times": 2}
    queued = graph.http.post("/_emulator/faults", json=wanted).json()["unused"]
    assert [(fault["times_left"], fault["fault"]["status"]) for fault in queued] == [(2, 503)]
    assert graph.get(COUNTS).headers["retry-after"] == "2"
    assert graph.get("/_emulator/faults").json()["unused"][0]["times_left"] == 1
    assert graph.http.delete("/_emulator/faults").json() == {"unused": []}
    assert graph.get(COUNTS).status_code == 302


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"operation": "GET nothing", "status": 503},
        {"operation": "token", "kind": "flood"},
        {"operation": "token", "status": 503, "loud": True},
        {"operation": "token", "status": 503, "tenant": "nobody"},
        {"operation": "token", "status": 503, "times": 0},
        [],
    ],
)
def test_a_fault_that_makes_no_sense_is_a_400_with_the_reason(graph: Caller, wanted: object) -> None:
    answer = graph.http.post("/_emulator/faults", json=wanted)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_clock_can_be_read_and_moved(graph: Caller) -> None:
    before = graph.get("/_emulator/clock").json()
    after = graph.http.post("/_emulator/clock", json={"days": 2, "seconds": 30}).json()
    assert (before["refreshed_on"], after["refreshed_on"], after["today"]) == ("2026-11-19", "2026-11-21", "2026-11-23")
    assert graph.http.post("/_emulator/clock", json={"days": -1}).status_code == 400
    assert (str(graph.emulator.refreshed_on), str(graph.emulator.today)) == ("2026-11-21", "2026-11-23")


def test_the_journal_can_be_read_and_emptied(graph: Caller) -> None:
    graph.patch({**graph.key(), "assigned": 5})
    entry = graph.get("/_emulator/journal").json()["entries"][-1]
    assert (entry["method"], entry["path"], entry["status"], entry["tenant"]) == ("PATCH", RESOURCE, 200, "contoso")
    assert entry["body"]["assigned"] == 5
    assert graph.http.delete("/_emulator/journal").json() == {"entries": []}
    assert graph.emulator.journal() == ()


def test_the_state_holds_all_a_script_needs(graph: Caller) -> None:
    state = graph.get("/_emulator/state").json()
    tenant = state["tenants"][0]
    assert (tenant["client_id"], tenant["client_secret"]) == (graph.tenant.client_id, graph.tenant.client_secret)
    assert tenant["authority"] == f"{graph.emulator.authority_root}/{graph.tenant.tenant_id}"
    assert {row["id"] for row in tenant["published"]} == {row.id for row in graph.emulator.rows(graph.tenant.tenant_id)}
    assert tenant["detail_counts"].keys() == graph.emulator.detail_counts(graph.tenant.tenant_id).keys()
    assert (state["unused_faults"], state["violations"], state["write_back"]) == (0, [], "documented")


def test_the_clock_never_goes_backwards(graph: Caller) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        graph.emulator.advance(seconds=-1)


def test_it_stops_cleanly_even_while_clients_are_connected(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    with open_emulator(Scenario(ca_file=tmp_path / "deep" / "ca.pem")) as emulator:
        client = httpx.Client(verify=ssl.create_default_context(cafile=str(emulator.ca_file)), trust_env=False)
        assert client.get(f"{emulator.graph_root}/_emulator/clock").status_code == 200
    with contextlib.closing(client), pytest.raises(httpx.ConnectError):
        client.get(f"{emulator.graph_root}/_emulator/clock")
    assert set(threading.enumerate()) == threads
    assert b"BEGIN CERTIFICATE" in emulator.ca_file.read_bytes()
    assert b"PRIVATE KEY" not in emulator.ca_file.read_bytes()


def test_a_download_left_half_way_does_not_hold_the_emulator() -> None:
    with open_emulator(Scenario(users=3_000_000)) as emulator:
        graph = Caller(emulator, emulator.tenants[0])
        url = graph.get("/v1.0/reports/getOffice365ActivationsUserDetail").headers["location"]
        request = graph.http.build_request("GET", url)
        del request.headers["Authorization"]
        answer = graph.http.send(request, stream=True)
        next(answer.iter_raw())
        graph.http.close()
        asked_to_stop_at = time.monotonic()
    assert time.monotonic() - asked_to_stop_at < 5  # writing it to the end would take half a minute


def test_a_temporary_certificate_goes_with_its_emulator() -> None:
    with open_emulator() as emulator:
        assert emulator.ca_file.exists()
    assert not emulator.ca_file.exists()


def test_a_taken_port_is_an_error_at_the_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), open_emulator(Scenario(port=taken.getsockname()[1])):
            pass


def test_a_tenant_nobody_knows_is_named_in_the_error(graph: Caller) -> None:
    with pytest.raises(ValueError, match="no tenant is called 'nobody'"):
        graph.emulator.detail_counts("nobody")


def test_it_serves_plain_names_too_and_only_loopback(graph: Caller) -> None:
    port = graph.emulator.graph_root.rpartition(":")[2]
    assert graph.get(f"https://localhost:{port}/_emulator/clock").status_code == 200
    assert graph.emulator.graph_root == f"https://127.0.0.1:{port}"


def test_a_hosted_emulator_says_how_to_connect(tmp_path: Path) -> None:
    scenario = Scenario(tenants=2, users=50, seed=5, ca_file=tmp_path / "ca.pem", write_back="real-service")
    with host_emulator(scenario) as how:
        first = how.registrations[0]
        with httpx.Client(verify=ssl.create_default_context(cafile=str(how.ca_file)), trust_env=False) as client:
            form = {"grant_type": "client_credentials", "scope": f"{how.graph_root}/.default"}
            form |= {"client_id": first.client_id, "client_secret": first.client_secret}
            assert client.post(f"{first.authority}/oauth2/v2.0/token", data=form).status_code == 200
            clock = client.get(f"{how.steering_root}/clock").json()
    assert clock["refreshed_on"] == str((datetime.now(UTC) - timedelta(days=2)).date())
    assert [registration.tenant for registration in how.registrations] == ["contoso", "fabrikam"]
    assert first.client_secret not in repr(how)


def test_two_emulators_live_side_by_side() -> None:
    with open_emulator(Scenario(seed=1)) as first, open_emulator(Scenario(seed=2)) as second:
        assert first.graph_root != second.graph_root
        assert first.tenants[0].tenant_id != second.tenants[0].tenant_id


def test_many_tenants_have_names_of_their_own() -> None:
    with open_emulator(Scenario(tenants=20, users=10)) as emulator:
        assert len({tenant.name for tenant in emulator.tenants}) == 20
        assert len({tenant.tenant_id for tenant in emulator.tenants}) == 20


def test_a_moment_that_was_kept_comes_back_with_its_rows_and_its_clock(graph: Caller) -> None:
    kept, rows = graph.emulator.keep(), graph.emulator.rows(graph.tenant.tenant_id)
    graph.emulator.will_answer("PATCH office365ActivationsUserCounts", Fault(503), times=2)
    graph.patch({**graph.key(), "activated": 5})
    graph.patch({**graph.key(), "activated": 6})
    graph.patch({**graph.key(), "activated": 7})
    graph.emulator.advance(days=2)

    for _ in range(2):
        graph.emulator.go_back(kept)
        assert graph.emulator.rows(graph.tenant.tenant_id) == rows
        assert graph.emulator.journal() == ()
        assert graph.patch({**graph.key(), "activated": 7}).status_code == 200


def test_faults_that_have_not_happened_can_be_forgotten(graph: Caller) -> None:
    graph.emulator.will_answer("PATCH office365ActivationsUserCounts", Fault(503))
    graph.emulator.forget_faults()
    assert graph.patch({**graph.key(), "activated": 7}).status_code == 200
