"""`activation-sync up` in an empty folder: server, worker, schedule and emulated Graph, for real."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

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


def test_of_three_nights_missed_one_run_does_the_work_and_the_others_end_at_once(site: Site):
    tonight = datetime.now(UTC) - timedelta(minutes=1)
    late = [site.start("nightly", tonight - timedelta(days=days), unless_done=True) for days in (2, 0, 1)]

    names = sorted(site.ended(run_id)["state_name"] for run_id in late)

    assert names == ["AlreadyDone", "AlreadyDone", "Completed"]
    tenants = {tenant for (tenant, *_) in site.warehouse_rows()}
    assert site.query("SELECT count(*) FROM sync_run") == [(len(tenants),)]
    assert site.downloads() == 3 * len(tenants) > 3
    assert site.warehouse_rows() == site.graph_rows()


def test_a_run_by_hand_works_at_any_time(site: Site):
    run = site.ended(site.start("nightly"))

    assert run["state_name"] == "NoNewReport"
    assert run["name"].startswith("nightly 20")


def test_one_tenant_can_be_run_from_the_dashboard(site: Site):
    assert site.ended(site.start("sync", tenant="contoso"))["state_name"] == "NoNewReport"


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
