"""The deployments as they are written down; `test_dashboard.py` and `test_up.py` register and run them."""

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.server.schemas.schedules import CronSchedule

from tasks.nights.shards import DEPLOYMENT

ROOT = Path(__file__).parents[2]
PREFECT_FILE = "deployments/prefect.yaml"
WRITTEN = yaml.safe_load((ROOT / PREFECT_FILE).read_text(encoding="utf-8"))
DEPLOYMENTS = {deployment["name"]: deployment for deployment in WRITTEN["deployments"]}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_is_of_a_flow_that_takes_its_parameters(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(ROOT)

    flow = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"])

    scheduled = [schedule.get("parameters", {}) for schedule in DEPLOYMENTS[name]["schedules"]]
    for given in [{}, *scheduled]:
        assert set(flow.parameters.properties) >= set(DEPLOYMENTS[name].get("parameters", {}) | given)
    for given in scheduled:  # nobody is there to fill in the rest
        assert flow.validate_parameters(DEPLOYMENTS[name].get("parameters", {}) | given)


@pytest.mark.parametrize("name", ["nightly", "fleet"])
def test_the_time_zone_of_the_schedule_is_the_one_by_which_nights_are_told(name: str):
    [schedule] = DEPLOYMENTS[name]["schedules"]
    assert schedule["timezone"] == DEPLOYMENTS[name]["parameters"]["time_zone"]


@pytest.mark.parametrize("name", ["nightly", "fleet"])
def test_the_server_finds_the_next_nights_in_the_schedule(name: str):
    """Prefect beside the wrong `whenever` fails at this; `test_dashboard.py` sees the runs of a server."""
    [schedule] = DEPLOYMENTS[name]["schedules"]
    zone = ZoneInfo(schedule["timezone"])
    noon = datetime(2026, 3, 27, 12, tzinfo=zone)  # two days before clocks are put forward

    due = asyncio.run(CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"]).get_dates(3, noon))

    assert due == [datetime(2026, 3, day, 1, 30, tzinfo=zone) for day in (28, 29, 30)]


def test_of_nightly_and_fleet_one_is_scheduled():
    active = [name for name, one in DEPLOYMENTS.items() for schedule in one["schedules"] if schedule["active"]]
    assert active == ["nightly"]


def test_a_fleet_starts_the_deployment_that_is_registered():
    assert f"{load_flow_from_entrypoint(DEPLOYMENTS['shard']['entrypoint']).name}/shard" == DEPLOYMENT


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_no_night_is_scheduled_in_the_hour_that_a_clock_change_skips_or_repeats(name: str):
    hours = [schedule["cron"].split()[1] for schedule in DEPLOYMENTS[name]["schedules"]]
    assert "2" not in hours


def test_deployments_name_no_folder_of_any_machine():
    """Without a `pull` step, Prefect notes the folder that they were registered from."""
    assert "pull" not in WRITTEN
    assert not any(Path(deployment["entrypoint"]).is_absolute() for deployment in DEPLOYMENTS.values())
