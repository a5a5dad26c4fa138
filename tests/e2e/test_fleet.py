"""A hundred tenants, two workers, and a night on which everything goes wrong that may."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from activation_sync.core.runs.shards import SHARD_TENANTS
from activation_sync.emulator import Fault, Scenario
from activation_sync.emulator.scenario import PRODUCTS
from tasks.nights.nights import run_id_of
from tests.support.artifacts import listed_rows
from tests.support.servers.buckets import open_bucket
from tests.support.servers.postgres import serving_whole_postgres
from tests.support.servers.workers import Prefect, Worker, free_api, machine, serving, working
from tests.support.sites.newcomer import family_of, wait_for
from tests.support.sites.site import Site, open_site

TENANTS = tuple(f"tenant-{number:03}" for number in range(100))
THROTTLED, BAD_REPORT, TAKES_NO_PATCH = TENANTS[3], TENANTS[30], TENANTS[40]  # in the shards that nobody kills
NO_PERMISSION = TENANTS[85]
DETAIL, PATCH = "GET getOffice365ActivationsUserDetail", "PATCH office365ActivationsUserCounts"
BEARABLE_S, LONG_S = 5, 20
pytestmark = pytest.mark.timeout(900)  # four minutes alone, nine beside other tests
OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Night:
    """What came of it: the state in which the fleet ended, its table by tenant, and how many shards were lost."""

    site: Site
    state: str
    table: dict[str, dict[str, str]]
    crashed: int


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """One PostgreSQL, with a database for the warehouse; the one for Prefect came with the accounts."""
    with serving_whole_postgres() as url:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE warehouse")
        yield url


@pytest.fixture(scope="module")
def landing_url(object_store: str) -> Iterator[str]:
    with open_bucket(object_store) as url:
        yield url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database_url: str, landing_url: str) -> Iterator[Site]:
    """What the machines share: the warehouse, a bucket, and Graph."""
    folder = tmp_path_factory.mktemp("fleet")
    scenario = Scenario(
        tenants=TENANTS,
        users=60,  # below that, some first nights differ enough to be held
        products=PRODUCTS[:2],
        first_refreshed_on=datetime.now(UTC).date() - timedelta(days=2),  # a fresh report, whenever this runs
        roles={NO_PERMISSION: ()},
    )
    warehouse_url = database_url.replace("/postgres?", "/warehouse?")
    with open_site(folder, warehouse_url, scenario, landing={"url": landing_url}) as site:
        site.configure(graph={"longest_wait_s": BEARABLE_S})
        yield site


@pytest.fixture(scope="module")
def night(site: Site, database_url: str) -> Night:
    """Two workers share the night; one of them is killed in the middle of a shard."""
    site.emulator.will_answer(DETAIL, Fault(429, retry_after_s=LONG_S), tenant=THROTTLED, times=2)
    site.emulator.will_answer(f"download {DETAIL[4:]}", Fault(kind="words-for-numbers"), tenant=BAD_REPORT)
    site.emulator.will_answer(PATCH, Fault(400), tenant=TAKES_NO_PATCH)
    api = free_api()
    server, near, far = (machine(site.folder / name, api, site.folder) for name in ("server", "near", "far"))
    with serving(server, database_url.replace("/postgres?", "/prefect?")) as prefect, working(near, runs_at_once=3):
        fleet = prefect.start("fleet/fleet")
        wait_for(lambda: sum(run["state_type"] == "RUNNING" for run in prefect.runs("shard")) == 2)
        with working(far, runs_at_once=2) as worker:
            wait_for(lambda: _is_amid_a_shard(worker, prefect, site))
            worker.kill()
        state = wait_for(lambda: (run := prefect.run(fleet))["state_type"] in OVER and run["state_name"])
        table = listed_rows(prefect.artifact("fleet")["data"])
        return Night(site, state, table, sum(run["state_type"] == "CRASHED" for run in prefect.runs("shard")))


def _is_amid_a_shard(worker: Worker, prefect: Prefect, site: Site) -> bool:
    """True while the worker is at work on some tenants of a shard, has done others, and has yet to begin more."""
    begun = dict(site.query("SELECT run_id, ended_at IS NOT NULL FROM sync_run"))  # type: ignore[arg-type]
    pids = family_of(worker.pid)
    for run in prefect.runs("shard"):
        if run["state_type"] == "RUNNING" and int((run["infrastructure_pid"] or "0").split(":")[-1]) in pids:
            mine = [begun.get(run_id_of(tenant, run["id"])) for tenant in run["parameters"]["tenants"]]
            if mine.count(True) >= 3 and mine.count(False) >= 2 and mine.count(None) >= 3:
                return True
    return False


def test_every_tenant_but_the_broken_ones_is_reconciled(night: Night):
    tenants = {tenant.name: tenant for tenant in night.site.emulator.tenants}
    apart = {
        name
        for name, tenant in tenants.items()
        if night.site.warehouse_rows(name) != night.site.graph_rows(tenant) or not night.site.warehouse_rows(name)
    }
    assert apart == {BAD_REPORT, NO_PERMISSION, TAKES_NO_PATCH}


def test_the_summary_says_what_happened_to_each(night: Night):
    conditions = {tenant: row["condition"] for tenant, row in night.table.items()}
    broken = {BAD_REPORT: "failed", NO_PERMISSION: "failed", TAKES_NO_PATCH: "unsettled"}

    assert conditions == dict.fromkeys(TENANTS, "fine") | broken
    assert (night.state, list(night.table)[:3]) == ("Failed", [BAD_REPORT, NO_PERMISSION, TAKES_NO_PATCH])
    assert "is not a whole number" in night.table[BAD_REPORT]["why"]
    assert "Reports.Read.All" in night.table[NO_PERMISSION]["why"]
    assert "retry" in night.table[TAKES_NO_PATCH]["why"]


def test_the_shards_of_the_killed_worker_were_given_up_and_their_tenants_came_again(night: Night):
    again = night.site.query("SELECT tenant FROM sync_run GROUP BY tenant HAVING count(*) > 1")
    killed = night.site.query("SELECT tenant FROM sync_run WHERE ended_at IS NULL")

    assert night.crashed in (1, 2)
    assert 1 <= len(killed) <= 8
    assert set(killed) | {(THROTTLED,)} == set(again)


def test_nothing_was_done_twice_with_different_values(night: Night):
    sent: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for served in night.site.patches():
        sent[served.tenant, served.body["productType"]].add(json.dumps(served.body, sort_keys=True))
    settled = night.site.query(
        "SELECT tenant, refreshed_on, product, measure FROM ledger WHERE kind = 'decision' GROUP BY 1, 2, 3, 4 "
        "HAVING count(DISTINCT settled) > 1"
    )
    assert sent
    assert {key: bodies for key, bodies in sent.items() if len(bodies) > 1} == {}
    assert settled == []


def test_a_tenant_that_graph_throttles_for_long_comes_again_behind_the_others(night: Night):
    journal = night.site.emulator.journal()
    turns = "SELECT outcome FROM sync_run WHERE tenant = :name ORDER BY started_at"
    [(meanwhile,)] = night.site.query(
        "SELECT count(*) FROM sync_run other, sync_run throttled WHERE throttled.tenant = :name "
        "AND throttled.outcome = 'done' AND other.ended_at < throttled.started_at",
        name=THROTTLED,
    )

    assert sum(served.fault == "status" and served.operation == DETAIL for served in journal) == 2
    assert night.site.query(turns, name=THROTTLED) == [("put-off",), ("put-off",), ("done",)]
    assert meanwhile >= SHARD_TENANTS
