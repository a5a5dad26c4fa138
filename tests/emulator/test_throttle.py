"""The documented windows, and the judge of those who come back too early."""

from datetime import UTC, datetime

import pytest

from activation_sync.emulator import Fault, Scenario
from activation_sync.emulator.faults.throttle import Throttle
from activation_sync.emulator.http.answers import Call, Visit
from activation_sync.emulator.scenario import make_tenants
from tests.emulator.conftest import MAIN, Caller, OpenGraph

COUNTS = "/v1.0/reports/getOffice365ActivationsUserCounts"
DETAIL = "/v1.0/reports/getOffice365ActivationsUserDetail"
JSON = "/beta/reports/getOffice365ActivationsUserCounts?$format=application/json"
PATCH = "PATCH office365ActivationsUserCounts"
GET_COUNTS = "GET getOffice365ActivationsUserCounts"


@pytest.fixture
def graph(open_graph: OpenGraph) -> Caller:
    return open_graph(tenants=2, throttling=True, token_lifetime_s=86_400)


def statuses(graph: Caller, path: str, times: int) -> list[int]:
    return [graph.get(path).status_code for _ in range(times)]


def test_the_fifteenth_csv_in_ten_minutes_is_throttled_and_others_are_not(graph: Caller) -> None:
    assert statuses(graph, COUNTS, 15) == [302] * 14 + [429]
    assert graph.get(DETAIL).status_code == 302
    assert graph.get(JSON).status_code == 200
    assert Caller(graph.emulator, graph.emulator.tenants[1]).get(COUNTS).status_code == 302


def test_a_hundred_json_reports_are_allowed(graph: Caller) -> None:
    assert statuses(graph, JSON, 101) == [200] * 100 + [429]


def test_all_applications_of_a_tenant_share_forty_csv_reports() -> None:
    throttle, tenant = Throttle(), make_tenants(Scenario())[0]
    waits = []
    for number in range(41):
        visit = Visit(Call("GET", ""), datetime.now(UTC), "", GET_COUNTS, tenant, app_id=f"application {number % 4}")
        waits.append(throttle.wait_s(visit, is_json=False, now_s=100.0))
    assert waits == [None] * 40 + [600]


def test_waiting_as_long_as_asked_opens_the_window_again(graph: Caller) -> None:
    statuses(graph, COUNTS, 14)
    wait_s = int(graph.get(COUNTS).headers["retry-after"])
    assert 590 <= wait_s <= 600
    graph.emulator.advance(seconds=wait_s)
    assert graph.get(COUNTS).status_code == 302
    assert graph.emulator.violations() == ()


def test_a_new_day_opens_every_window(graph: Caller) -> None:
    statuses(graph, COUNTS, 15)
    graph.emulator.advance(days=1)
    assert graph.get(COUNTS).status_code == 302
    assert graph.emulator.violations() == ()


def test_windows_can_be_switched_off(open_graph: OpenGraph) -> None:
    assert statuses(open_graph(throttling=False), COUNTS, 20) == [302] * 20


def test_coming_back_too_early_is_written_down(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(429, retry_after_s=30))
    graph.get(COUNTS)
    graph.emulator.advance(seconds=20)
    graph.get(COUNTS)
    assert len(graph.emulator.violations()) == 1
    assert "before Retry-After allowed" in graph.emulator.journal()[-1].violations[0]


def test_a_date_is_obeyed_when_it_has_come(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(503, retry_after_s=30, retry_after_form="http-date"))
    graph.get(COUNTS)
    graph.emulator.advance(seconds=31)
    graph.get(COUNTS)
    assert graph.emulator.violations() == ()


def test_nobody_is_judged_who_was_not_asked_to_wait(graph: Caller) -> None:
    graph.emulator.will_answer(GET_COUNTS, Fault(429))
    statuses(graph, COUNTS, 2)
    assert graph.emulator.violations() == ()


def test_a_throttled_patch_binds_its_row_at_once_and_the_others_once_it_can_be_known(graph: Caller) -> None:
    graph.emulator.will_answer(PATCH, Fault(429, retry_after_s=30))
    graph.patch({**graph.key(MAIN), "assigned": 1})
    graph.patch({**graph.key("Project Client"), "assigned": 1})
    assert graph.emulator.violations() == ()
    graph.patch({**graph.key(MAIN), "assigned": 1})
    assert len(graph.emulator.violations()) == 1
    graph.emulator.advance(seconds=5)
    graph.patch({**graph.key("Project Client"), "assigned": 1})
    assert len(graph.emulator.violations()) == 2
