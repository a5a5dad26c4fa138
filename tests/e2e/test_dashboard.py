"""`activation-sync up` as a newcomer meets it: an empty folder, a command, and from then on the browser."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from activation_sync.core.pages.svg import DARK_PAPER, PAPER
from tests.support.servers.browser import Visit, open_browser, visit
from tests.support.servers.receiver import open_receiver
from tests.support.sites.dashboard import Dashboard
from tests.support.sites.newcomer import COMMAND, ROOT, Site, open_site, wait_for

pytestmark = pytest.mark.timeout(600)
DETAIL = "GET getOffice365ActivationsUserDetail"
FAR_WEST = "Pacific/Honolulu"  # a date picked there must not become another on its way
TREND, SHARE = "Trend of assigned and activated users", "Adoption share"
DRIFT = "Drift before the delivery of each night"
# what Prefect's picture of a run says when somebody leaves its page before it is drawn
LEFT_EARLY = re.compile(r"Cannot read properties of null \(reading '\w+'\)")
# the colour of each chart's first pixel, once this many are drawn
CORNERS = """count => { const charts = [...document.images].filter(it => it.src.startsWith('data:image/svg+xml') &&
  it.complete && it.naturalWidth > 300);
  return charts.length === count && charts.map(it => {
    const canvas = document.createElement('canvas'), ink = canvas.getContext('2d');
    ink.drawImage(it, 0, 0);
    return [...ink.getImageData(0, 0, 1, 1).data] }) }"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site"), is_furnished=False) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def address(site: Site) -> str:
    return str(site.api.base_url).removesuffix("/api/")


@contextmanager
def logged_in(
    site: Site, browser: Browser, page: str = "", scheme: str = "light", time_zone: str = "UTC"
) -> Iterator[Visit]:
    """A page of the dashboard for somebody who typed in the password."""
    with visit(browser, address(site), width=1600, scheme=scheme, time_zone=time_zone) as opened:
        Dashboard(opened.page).log_in(site.password)
        opened.page.goto(address(site) + page)  # without the notes that nobody was logged in
        opened.errors.clear()  # until then, the dashboard stumbled over each refusal
        yield opened


def test_the_schedule_makes_runs_by_itself_at_half_past_one_at_night(site: Site):
    """A Prefect beside the wrong `whenever` or SQLAlchemy makes none, and only its log says so."""
    runs = wait_for(lambda: [run for run in site.runs() if run["auto_scheduled"]])

    zone = ZoneInfo(site.deployments()["nightly"]["parameters"]["time_zone"])
    due = [datetime.fromisoformat(run["expected_start_time"]).astimezone(zone) for run in runs]
    assert {(each.hour, each.minute) for each in due} == {(1, 30)}
    assert len({each.date() for each in due}) == len(due) >= 3
    assert all(run["parameters"]["unless_done"] for run in runs)


def test_through_the_browser_alone_a_night_is_run_and_a_date_is_replayed_and_their_charts_are_seen(
    site: Site, browser: Browser
):
    with logged_in(site, browser, time_zone=FAR_WEST) as opened:
        dashboard = Dashboard(opened.page)
        assert dashboard.schedule_of("nightly") == "At 01:30 AM every day"

        dashboard.start("nightly", "Quick run")
        assert dashboard.watch_to_its_end() == "Completed"
        tenants = sorted({tenant for (tenant, *_) in site.warehouse_rows()})
        assert sorted(dashboard.artifacts()) == sorted(
            ["night", *(f"{page}-{tenant}" for page in ("plan", "run") for tenant in tenants)]
        )
        plan = dashboard.read_artifact("plan-contoso").text
        assert "free to go. Writes 6 rows and sends" in plan
        assert "MICROSOFT 365 APPS FOR ENTERPRISE" in plan
        charts = dashboard.read_artifact("run-contoso").charts
        assert sorted(charts) == sorted([TREND, SHARE, DRIFT])
        assert min(charts.values()) > 300

        [(landed_on,)] = site.query("SELECT DISTINCT refreshed_on FROM activation_user_count")
        dashboard.start("backfill", "Custom run")
        dashboard.fill_in(landed_on, landed_on, reason="a look", tenants=["contoso"])
        dashboard.submit()
        assert dashboard.watch_to_its_end() == "Completed"
        assert "Progress: 100%" in dashboard.read_artifact("backfill-progress-contoso").text
        page = dashboard.read_artifact("backfill-page-contoso")
        assert "1 refresh date: 1 nothing to do." in page.text
        assert page.charts.keys() == {TREND, SHARE}

        again = site.ended(site.start("nightly"))  # by hand a night is run at any time
        assert again["state_name"] == "NoNewReport"
        dashboard.see_run("^nightly 20")
        dashboard.see_run(f"^backfill contoso {landed_on}..{landed_on}$")
        assert (opened.requests, [error for error in opened.errors if not LEFT_EARLY.search(error)]) == ([], [])
    assert site.warehouse_rows() == site.graph_rows()


def test_the_form_takes_no_backfill_without_dates_and_a_reason(site: Site, browser: Browser):
    with logged_in(site, browser) as opened:
        dashboard = Dashboard(opened.page)
        dashboard.start("backfill", "Custom run")
        dashboard.submit()

        assert dashboard.complaints() == [f"'{name}' is a required property" for name in ("start", "end", "reason")]


def test_charts_are_drawn_on_paper_of_their_own_light_and_dark_in_the_newer_dashboard_too(site: Site, browser: Browser):
    run = site.ended(site.start("sync", tenant="contoso"))
    assert run["name"].startswith("sync contoso 20")

    for scheme, paper in (("light", PAPER), ("dark", DARK_PAPER)):
        with logged_in(site, browser, f"/v2/artifacts/artifact/{site.artifact('run-contoso')}", scheme) as v2:
            corners = v2.page.wait_for_function(CORNERS, arg=3).json_value()
            assert corners == [[*bytes.fromhex(paper[1:]), 255]] * 3
            assert v2.errors == []


def test_once_an_address_is_named_a_held_tenant_is_notified_once_and_when_it_is_over(site: Site, tmp_path: Path):
    with open_receiver() as receiver:
        said = register(site, tmp_path, HOOK=receiver.url)
        site.will_answer(DETAIL, "header-only", tenant="fabrikam", times=2)

        ends = [site.ended(site.start("sync", tenant="fabrikam"))["state"] for _ in range(3)]

        assert [end["name"] for end in ends[:2]] == ["Held", "Held"]
        assert ends[2]["type"] == "COMPLETED"
        wait_for(lambda: len(receiver.got) == 2)  # they come in order: nothing came of the second held run
        held, over = (message["text"] for message in receiver.got)
    assert held.startswith("activation-sync, fabrikam: held before any write\n")
    assert "has no rows" in held
    assert "sync again once Graph's report has rows" in held
    assert over.startswith("activation-sync, fabrikam: held before any write: over\n")
    assert "top-secret" not in said
    assert "nightly: on, every night at 01:30 (Europe/Berlin)" in said
    assert "fleet: off" in said


def door_to(site: Site) -> dict[str, str]:
    """What `up` says to set, for commands that speak with its server."""
    return {
        "PREFECT_API_URL": str(site.api.base_url).rstrip("/"),
        "PREFECT_PROFILES_PATH": str(site.password_file),
    }


def register(site: Site, folder: Path, **variables: str) -> str:
    """What the command says to somebody who named the address in the environment."""
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "register", *(f"--notify=env:{name}" for name in variables)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)} | door_to(site) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_second_one_in_the_same_folder_is_refused_and_harms_nothing(site: Site):
    before = site.warehouse_rows()
    again = subprocess.run(  # noqa: S603
        [*COMMAND, "up", "--port", "0"],
        cwd=site.folder,
        env={"PATH": os.environ["PATH"], "HOME": str(site.folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert again.returncode == 2
    assert "another `up` works in" in again.stderr
    assert site.warehouse_rows() == before


def test_beside_a_server_in_use_it_only_registers_and_works(site: Site, tmp_path: Path):
    with open_site(tmp_path, **door_to(site)) as other:
        assert other.api.base_url == site.api.base_url
        assert not {file.name for file in other.home.iterdir()} & {"server.log", "password.toml"}
        assert "password" not in other.said()

    assert site.api.get("/health").is_success
