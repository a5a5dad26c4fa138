"""`activation-sync up` in an empty folder: server, worker, schedule and emulated Graph, for real."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.sites.newcomer import are_alive, is_open, open_site, wait_for

pytestmark = pytest.mark.timeout(600)


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


def test_on_a_terminal_the_password_is_shown_and_ctrl_c_in_a_run_leaves_no_process_and_no_open_port(tmp_path: Path):
    """Sites of other tests are ended by SIGTERM, which must come to a good end, too."""
    with open_site(tmp_path, on_terminal=True) as site:
        assert f"It asks for a password: {site.password}\n" in site.said()
        run_id = site.start("nightly")
        wait_for(lambda: site.run(run_id)["state_name"] == "Running")
        processes, ports = site.processes(), site.ports()

        assert site.stop(signal.SIGINT) == 0, site.said()

    assert len(processes) >= 4  # itself, server, worker and the run
    assert are_alive(processes) == set()
    assert [port for port in ports if is_open(port)] == []
    assert site.said().endswith("Stopped.\n")
