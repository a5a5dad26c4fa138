"""A fleet gives every tenant a turn on some worker, and says what came of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from prefect import State, flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypes
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.flow_engine import run_flow
from prefect.states import AwaitingRetry, Cancelled, Running

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.shards import MOST_LOSSES
from activation_sync.emulator import Fault, Scenario
from activation_sync.errors import ConfigError
from flows.endings import fared_in
from tests.support.events import heard_of
from tests.support.sites.site import Site, open_site

DETAIL = "GET getOffice365ActivationsUserDetail"
TENANTS = ("contoso", "fabrikam", "tailspin", "wingtip", "litware", "proseware")
Duty = Callable[[SyncPrefectClient, FlowRun], None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    scenario = Scenario(tenants=TENANTS, users=60, first_refreshed_on=datetime.now(UTC).date() - timedelta(days=2))
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        yield site


@pytest.fixture
def tonight() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
def registered() -> None:
    """The deployment of shards, as the server knows it; no worker is there."""
    from flows.shard import shard

    shard.to_deployment("shard").apply()


def outcomes(state: State[Any]) -> dict[str, Outcome]:
    return {summary.tenant: summary.outcome for summary in fared_in(state)}


def conditions(state: State[Any]) -> dict[str, str]:
    return {standing.tenant: standing.condition.value for standing in fared_in(state)}


def agree(site: Site) -> set[str]:
    return {
        tenant.name
        for tenant in site.emulator.tenants
        if site.warehouse_rows(tenant.name) == site.graph_rows(tenant) != set()
    }


@contextmanager
def on_duty(duty: Duty) -> Iterator[None]:
    """Somebody who does this with every shard that waits."""
    is_over = Event()

    def work() -> None:
        shards = FlowFilter(name=FlowFilterName(any_=["shard"]))
        waiting = FlowRunFilter(state=FlowRunFilterState(type=StateTypes(any_=[StateType.SCHEDULED])))
        with get_client(sync_client=True) as client:
            while not is_over.wait(0.1):
                for run in client.read_flow_runs(flow_filter=shards, flow_run_filter=waiting):
                    duty(client, run)

    worker = Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        is_over.set()
        worker.join()


def work_well(client: SyncPrefectClient, run: FlowRun) -> None:
    from flows.shard import shard

    run_flow(shard, flow_run=run, parameters=shard.validate_parameters(run.parameters), return_type="state")


def take_and_die(client: SyncPrefectClient, run: FlowRun) -> None:
    client.set_flow_run_state(run.id, Running(), force=True)


def cancel(client: SyncPrefectClient, run: FlowRun) -> None:
    client.set_flow_run_state(run.id, Cancelled(), force=True)


def watch(*tenants: str, night: date) -> None:
    """A fleet's shards, with little patience."""
    from tasks.nights.fleet import run_shards

    @flow(name="watch")
    def watching() -> None:
        run_shards(tenants, night, unless_done=False, look_every_s=0.2, most_quiet_looks=5)

    watching()


def test_a_shard_works_on_several_tenants_at_once_and_each_fails_alone(site: Site, tonight: date):
    from flows.shard import shard

    site.emulator.will_answer(DETAIL, Fault(status=403), tenant="tailspin")
    state = shard([*TENANTS, "nobody"], tonight, return_state=True)

    assert outcomes(state) == {
        **dict.fromkeys(TENANTS, Outcome.DONE),
        "tailspin": Outcome.FAILED,
        "nobody": Outcome.FAILED,
    }
    assert agree(site) == set(TENANTS) - {"tailspin"}


def test_a_shard_waits_for_nobody_whom_graph_throttles_for_long(site: Site, tonight: date):
    from flows.shard import shard

    site.emulator.will_answer(DETAIL, Fault(429, retry_after_s=600), tenant="contoso")
    state = shard(["contoso", "fabrikam"], tonight, return_state=True)

    assert (state.name, state.is_failed()) == ("PutOff", False)
    assert outcomes(state) == {"contoso": Outcome.PUT_OFF, "fabrikam": Outcome.DONE}


def test_a_fleet_gives_every_tenant_a_turn_and_says_how_all_of_them_fare(site: Site, registered: None):
    from flows.fleet import fleet

    site.emulator.will_answer(DETAIL, Fault(status=403), tenant="tailspin")
    with on_duty(work_well):
        state = fleet(return_state=True)

    assert (state.name, state.is_failed()) == ("Failed", True)
    assert conditions(state) == dict.fromkeys(TENANTS, "fine") | {"tailspin": "failed"}
    assert agree(site) == set(TENANTS) - {"tailspin"}

    with on_duty(work_well):
        again = fleet(unless_done=True, return_state=True)

    assert (again.name, again.message) == ("Completed", "6 tenants: 6 fine.")
    assert site.query("SELECT tenant FROM sync_run GROUP BY 1 HAVING count(*) > 1") == [("tailspin",)]


def test_of_a_fleet_people_are_told_at_once_and_once(site: Site, registered: None):
    """Microsoft is late for thousands on the same night."""
    from flows.fleet import fleet

    for turns in range(2):
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant="wingtip")
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant="litware")
        with on_duty(work_well):
            fleet(tenants=list(TENANTS), unless_done=bool(turns), return_state=True)

    [told] = [event for event in heard_of("activation-sync.fleet") if "wingtip" in event["payload"]["message"]]
    assert told["payload"]["title"] == "fleet: 2 tenants of 6 need attention since last night"
    assert told["payload"]["message"].startswith("2 tenants: 2 failed. litware: failed, since ")
    assert told["resource"]["activation-sync.told-in"] == "fleet"
    [alone] = heard_of("activation-sync.tenant.wingtip")
    assert (alone["event"], alone["resource"]["activation-sync.told-in"]) == ("activation-sync.failed", "shard")


def test_a_fleet_that_is_retried_in_the_dashboard_tries_again_who_failed(site: Site, registered: None):
    from flows.fleet import fleet

    for tenant in TENANTS:
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant=tenant)
    asked = {"tenants": None, "unless_done": True}
    with on_duty(work_well), get_client(sync_client=True) as client:
        run = client.create_flow_run(fleet, parameters=asked)
        first = run_flow(fleet, flow_run=run, parameters=asked, return_type="state")
        client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        again = run_flow(fleet, flow_run=client.read_flow_run(run.id), parameters=asked, return_type="state")

    assert conditions(first) == dict.fromkeys(TENANTS, "failed")
    assert conditions(again) == dict.fromkeys(TENANTS, "fine")
    assert agree(site) == set(TENANTS)


def test_a_fleet_whose_night_is_done_needs_no_worker_and_still_says_how_all_fare(site: Site, tonight: date):
    from flows.fleet import fleet
    from flows.shard import shard

    shard(list(TENANTS), tonight)
    served = len(site.emulator.journal())
    state = fleet(unless_done=True, return_state=True)

    assert (state.name, state.message) == ("Completed", "6 tenants: 6 fine.")
    assert len(site.emulator.journal()) == served


def test_a_fleet_leaves_out_who_is_in_quarantine(site: Site, tonight: date, registered: None):
    from flows.fleet import fleet

    for days in (3, 2, 1):
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant="contoso")
        for tenant in ("contoso", "fabrikam"):
            site.sync(tenant, as_of=tonight - timedelta(days=days))
    with on_duty(work_well):
        state = fleet(return_state=True)

    assert (state.name, conditions(state)["contoso"]) == ("Quarantined", "quarantined")
    assert "contoso: quarantined" in (state.message or "")
    assert site.query("SELECT count(*) FROM sync_run WHERE tenant = 'contoso'") == [(3,)]

    with on_duty(work_well):
        by_name = fleet(tenants=["contoso"], return_state=True)

    assert conditions(by_name) == {"contoso": "fine"}


def test_a_malformed_tenant_stands_in_the_table_of_a_fleet_with_its_mistake(site: Site, registered: None):
    from flows.fleet import fleet

    name = f"malformed-{uuid4()}"
    file = site.folder / "activation-sync.toml"
    file.write_text(f"{file.read_text()}[[tenants]]\nname = '{name}'\ntenant_id = 'x.example'\n", encoding="utf-8")
    with on_duty(work_well):
        state = fleet(tenants=[name, "contoso"], return_state=True)

    assert (state.name, conditions(state)) == ("Failed", {name: "failed", "contoso": "fine"})
    [why] = [standing.why for standing in fared_in(state) if standing.tenant == name]
    assert f"tenants[6].client_id (tenant {name}): is missing" in why


def test_a_fleet_without_its_deployment_names_the_remedy(site: Site):
    from flows.fleet import fleet

    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)

    with pytest.raises(ConfigError, match="activation-sync register"):
        fleet()


def test_tenants_with_whom_every_worker_dies_are_recorded_as_failed(site: Site, tonight: date, registered: None):
    with on_duty(take_and_die):
        watch("contoso", "fabrikam", night=tonight)

    [contoso, fabrikam] = site.query("SELECT tenant, outcome, summary FROM sync_run ORDER BY tenant")
    assert (contoso[:2], fabrikam[:2]) == (("contoso", "failed"), ("fabrikam", "failed"))
    assert f"the worker was lost {MOST_LOSSES} times" in contoso[2]
    with get_client(sync_client=True) as client:
        crashed = FlowRunFilter(state=FlowRunFilterState(type=StateTypes(any_=[StateType.CRASHED])))
        assert len(client.read_flow_runs(flow_run_filter=crashed)) >= MOST_LOSSES


def test_a_shard_that_somebody_cancels_does_not_come_again(site: Site, tonight: date, registered: None):
    with on_duty(cancel):
        watch("contoso", night=tonight)

    assert site.query("SELECT * FROM sync_run") == []
