"""What people are told of a tenant is an event at the Prefect server, once, and no run ends by telling it."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import AwaitingRetry

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.emulator import Fault, Scenario
from tests.support.events import heard_of
from tests.support.sites.nights import DETAIL, conflicting
from tests.support.sites.records import runs
from tests.support.sites.site import PATCH, Site, open_site

REFUSED = Fault(status=403)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A tenant of a name that no other test uses: all of them share one Prefect server."""
    scenario = Scenario(tenants=(f"told-{uuid4()}",), users=60)
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        yield site


def heard(site: Site, of: str = "tenant") -> list[Any]:
    """What the server was told of this tenant, in order."""
    return heard_of(f"activation-sync.{of}.{site.tenant.name}")


def names(site: Site, of: str = "tenant") -> list[str]:
    return [event["event"].removeprefix("activation-sync.") for event in heard(site, of)]


def test_a_held_night_is_told_once_with_numbers_and_remedy_and_again_when_it_is_over(site: Site):
    site.configure(sync={"few_users": 0, "max_change_share": 0.0})
    first, second = site.sync(), site.sync()
    assert (first.outcome, second.outcome) == (Outcome.HELD, Outcome.HELD)

    [event] = heard(site)

    payload = event["payload"]
    assert event["event"] == "activation-sync.held"
    assert (payload["tenant"], payload["number"], payload["before"]) == (site.tenant.name, 1, 0)
    assert payload["run_id"] == runs(site)[1].run_id
    assert "users" in payload["message"]
    assert f"--approve {runs(site)[0].digest[:12]}" in payload["message"]
    assert [related["prefect.resource.id"] for related in event["related"]] == [f"prefect.flow-run.{payload['run_id']}"]

    site.configure(sync={"max_change_share": 1.0})
    site.sync()

    assert names(site) == ["held", "held.over"]


def test_a_run_that_is_retried_in_the_dashboard_tells_that_its_failure_is_over(site: Site):
    from flows.sync import sync

    site.emulator.will_answer(DETAIL, REFUSED)
    asked = {"tenant": site.tenant.name, "as_of": site.emulator.today}
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(sync, parameters=asked)
        run_flow(sync, run, asked, return_type="state")
        client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        run_flow(sync, client.read_flow_run(run.id), asked, return_type="state")

    assert names(site) == ["failed", "failed.over"]


def test_a_failed_run_says_why_and_an_unexpected_error_only_its_type(site: Site):
    site.emulator.will_answer(DETAIL, REFUSED)
    site.sync()
    site.emulator.will_answer(DETAIL, REFUSED)
    site.sync()
    site.sync()

    [failed, over] = heard(site)

    assert "Graph answered 403" in failed["payload"]["message"]
    assert "Reports.Read.All" in failed["payload"]["message"]
    assert (failed["event"], over["event"]) == ("activation-sync.failed", "activation-sync.failed.over")


def test_open_conflicts_are_told_and_a_failed_night_between_does_not_make_them_news(site: Site):
    products = conflicting(site, rows=2)
    site.emulator.will_answer(DETAIL, REFUSED)
    site.sync()
    site.sync()

    [conflict, failed, over] = heard(site)

    assert (conflict["event"], conflict["payload"]["number"]) == ("activation-sync.conflict", len(products))
    assert [failed["event"], over["event"]] == ["activation-sync.failed", "activation-sync.failed.over"]


def test_dead_letters_are_told_with_their_number(site: Site):
    site.configure(write_back={"batch_size": 1})
    site.emulator.will_answer(PATCH, Fault(status=400))

    assert site.sync().dead_letters == 1

    assert [(event["event"], event["payload"]["number"]) for event in heard(site)] == [
        ("activation-sync.dead-letter", 1)
    ]


def test_a_report_that_grows_old_is_told_once(site: Site):
    site.sync()
    later = [site.emulator.today + timedelta(days=days) for days in (20, 21)]

    assert [site.sync(as_of=day).is_stale for day in later] == [True, True]

    assert names(site) == ["stale-report"]


def test_a_backfill_tells_where_it_stopped_apart_from_the_nights(site: Site):
    from flows.backfill import backfill

    site.sync()
    site.emulator.will_answer(DETAIL, Fault(kind="restated"))
    site.configure(sync={"max_change_share": 0.0, "few_users": 0})
    assert site.sync().outcome is Outcome.HELD
    day = str(site.emulator.refreshed_on)

    backfill(day, day, "a look", return_state=True)

    [event] = heard(site, of="backfill")
    assert event["event"] == "activation-sync.held"
    assert day in event["payload"]["message"]
    assert names(site) == ["held"]


def test_a_run_that_could_not_even_start_is_told(site: Site):
    site.execute("UPDATE activation_sync_version SET version_num = '9999'")

    assert site.sync().outcome is Outcome.FAILED

    assert "migrate" in heard(site)[0]["payload"]["message"]


def test_an_event_told_twice_is_one_event(site: Site):
    """A run that is killed after telling, and before it is recorded, tells again when it is repeated."""
    summary = RunSummary(PlanView(site.tenant.name), "run", site.emulator.today, Outcome.FAILED, error="refused")

    first, second = telling(summary), telling(summary)

    assert first.troubles == second.troubles == {"failed": 1}
    assert names(site) == ["failed"]


@pytest.mark.parametrize("server", ["is down", "does not answer"])
def test_a_server_that_takes_no_events_neither_stops_a_run_nor_keeps_it_waiting(site: Site, server: str):
    summary = RunSummary(PlanView(site.tenant.name), "run", site.emulator.today, Outcome.FAILED, error="refused")
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        if server == "does not answer":
            port.listen()

        before = time.monotonic()
        told = telling(summary, f"http://127.0.0.1:{port.getsockname()[1]}/api")

    assert time.monotonic() - before < 9
    assert told.troubles == {"failed": 1}
    assert names(site) == []


def test_without_prefect_around_it_a_run_tells_nobody_and_goes_on(site: Site):
    from tasks.alerts import tell_changes

    summary = RunSummary(PlanView(site.tenant.name), "run", site.emulator.today, Outcome.FAILED, error="refused")

    assert tell_changes(summary).troubles == {"failed": 1}
    assert names(site) == []


def telling(summary: RunSummary, server: str | None = None) -> RunSummary:
    """Tell of a run inside a flow run, which loses its server before."""
    from tasks.alerts import tell_changes

    @flow
    def night() -> RunSummary:
        with temporary_settings({PREFECT_API_URL: server} if server else {}):
            return tell_changes(summary)

    return night()
