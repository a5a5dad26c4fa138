"""`activation-sync up` in an empty folder: server, worker, schedule and emulated Graph, for real."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.e2e.site import Site, are_alive, is_open, open_site, wait_for

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def test_the_schedule_makes_runs_by_itself_at_half_past_one_at_night(site: Site):
    """A Prefect beside the wrong SQLAlchemy makes none, and says nothing."""
    runs = wait_for(lambda: [run for run in site.runs() if run["auto_scheduled"]])

    zone = ZoneInfo(site.deployments()["nightly"]["parameters"]["time_zone"])
    due = [datetime.fromisoformat(run["expected_start_time"]).astimezone(zone) for run in runs]
    assert {(each.hour, each.minute) for each in due} == {(1, 30)}
    assert len({each.date() for each in due}) == len(due) >= 3
    assert all(run["parameters"]["unless_done"] for run in runs)


def test_of_three_nights_missed_one_run_does_the_work_and_the_others_end_at_once(tmp_path: Path):
    tonight = datetime.now(UTC) - timedelta(minutes=1)
    with open_site(tmp_path) as site:
        late = [site.start("nightly", tonight - timedelta(days=days), unless_done=True) for days in (2, 0, 1)]

        names = sorted(site.ended(run_id)["state_name"] for run_id in late)

        assert names == ["AlreadyDone", "AlreadyDone", "Completed"]
        tenants = {tenant for (tenant, *_) in site.warehouse_rows()}
        assert site.query("SELECT count(*) FROM sync_run") == [(len(tenants),)]
        assert site.downloads() == 3 * len(tenants) > 3
        assert site.warehouse_rows() == site.graph_rows()


def test_a_run_by_hand_works_at_any_time(site: Site):
    site.ended(site.start("nightly"))

    again = site.ended(site.start("nightly"))

    assert again["state_name"] == "NoNewReport"
    assert again["name"].startswith("nightly 20")


def test_one_tenant_can_be_run_from_the_dashboard(site: Site):
    run = site.ended(site.start("sync", tenant="contoso"))

    assert run["state_type"] == "COMPLETED", run["state"]
    assert run["name"].startswith("sync contoso 20")


def test_a_backfill_from_the_form_replays_what_was_landed(site: Site):
    site.ended(site.start("sync", tenant="contoso"))
    [(landed_on,)] = site.query("SELECT DISTINCT refreshed_on FROM activation_user_count WHERE tenant = 'contoso'")

    run = site.ended(site.start("backfill", start=landed_on, end=landed_on, reason="a look", tenants=["contoso"]))

    assert run["state_type"] == "COMPLETED", run["state"]
    assert run["name"] == f"backfill contoso {landed_on}..{landed_on}"


def test_the_form_takes_no_backfill_without_a_reason(site: Site):
    with pytest.raises(httpx.HTTPStatusError) as refused:
        site.start("backfill", start="2026-11-01", end="2026-11-02")

    assert "'reason' is a required property" in refused.value.response.text


def test_beside_a_server_in_use_it_only_registers_and_works(site: Site, tmp_path: Path):
    with open_site(tmp_path, PREFECT_API_URL=str(site.api.base_url).rstrip("/")) as other:
        assert other.api.base_url == site.api.base_url
        assert not (other.home / "server.log").exists()

    assert site.api.get("/health").is_success


def test_ctrl_c_in_the_middle_of_a_run_leaves_no_process_and_no_open_port(tmp_path: Path):
    """The site of the other tests is ended by SIGTERM, which must come to a good end, too."""
    with open_site(tmp_path) as site:
        run_id = site.start("nightly")
        wait_for(lambda: site.run(run_id)["state_name"] == "Running")
        processes, ports = site.processes(), site.ports()

        assert site.stop(signal.SIGINT) == 0, site.said()

    assert len(processes) >= 4  # itself, server, worker and the run
    assert are_alive(processes) == set()
    assert [port for port in ports if is_open(port)] == []
    assert site.said().endswith("Stopped.\n")
