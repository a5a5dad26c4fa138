"""What the dashboard holds after a run."""

import base64
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

from activation_sync.core.runs.outcome import Outcome
from tasks.showing import not_showing
from tests.support.artifacts import listed_rows
from tests.support.sites.site import Site

SVG = "{http://www.w3.org/2000/svg}"


IMAGE = re.compile(r"!\[[^\]]*\]\(data:image/svg\+xml;base64,([^)]+)\)")


def versions(*keys: str) -> list[Artifact]:
    """All that was ever shown under these keys."""
    with get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=list(keys))))


def newest(key: str) -> Artifact:
    return max(versions(key), key=lambda page: page.created)


def shown(key: str) -> str:
    """The newest version of a page, as Markdown."""
    return str(newest(key).data)


def test_a_runs_page_shows_the_trend_of_every_product_with_the_counts_settled_on(site: Site):
    site.sync()
    site.emulator.advance(days=1)
    site.sync()

    images = IMAGE.findall(shown(f"run-{site.tenant.name}"))

    trend, adoption, drift = (ET.fromstring(base64.b64decode(image)) for image in images)  # noqa: S314  our own
    settled = {row for row in site.warehouse_rows() if row[0] == str(site.emulator.refreshed_on)}
    titles = {panel.findtext(f"{SVG}title", "").split(", ")[0] for panel in trend.findall(f"{SVG}svg")}
    said = {text.text for text in trend.iter(f"{SVG}text")}
    assert titles == {row[1] for row in settled}
    assert {f"{row[2]:,} assigned" for row in settled} | {f"{row[3]:,} activated" for row in settled} <= said
    assert {f"{row[3]:,} of {row[2]:,}" for row in settled} <= {text.text for text in adoption.iter(f"{SVG}text")}
    assert "in 2 of 2 nights" in drift.findtext(f"{SVG}title", "")


def test_a_backfills_page_shows_the_trend_of_its_dates_and_of_none_after_them(site: Site):
    from flows.backfill import backfill

    for day in range(3):
        site.emulator.advance(days=min(day, 1))
        site.sync()
    days = sorted({row[0] for row in site.warehouse_rows()})

    backfill(days[0], days[1], "a look", return_state=True)

    page = newest(f"backfill-page-{site.tenant.name}")
    trend, _ = (base64.b64decode(image).decode() for image in IMAGE.findall(str(page.data)))
    assert days[0] in trend
    assert days[1] in trend
    assert days[2] not in trend
    assert "2 refresh dates: 2 nothing to do." in str(page.description)


@pytest.fixture
def full_server() -> Iterator[None]:
    """The dashboard's server answers 500 to every artifact, because its own database refuses the row."""
    file = PREFECT_API_DATABASE_CONNECTION_URL.value().removeprefix("sqlite+aiosqlite:///")
    with closing(sqlite3.connect(file, timeout=60)) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON artifact BEGIN SELECT RAISE(ABORT, 'full'); END")
        try:
            yield
        finally:
            database.execute("DROP TRIGGER full")


def test_a_dashboard_that_takes_no_artifact_fails_no_run_and_the_log_says_so_once_for_each(
    site: Site, full_server: None, caplog: pytest.LogCaptureFixture
):
    from flows.backfill import backfill

    assert site.sync(dry_run=True).outcome is Outcome.PREVIEWED
    assert site.sync().outcome is Outcome.DONE
    day = date.fromisoformat(min(row[0] for row in site.warehouse_rows()))
    assert backfill(day, day, "a look", return_state=True).is_completed()
    assert backfill(day, day, "a look", dry_run=True, return_state=True).is_completed()

    tenant = site.tenant.name
    told = [line for line in caplog.messages if "is not shown in the dashboard" in line]
    refused = ["plan", "plan", "run", "backfill-progress", "backfill", "backfill-page", "backfill"]
    assert [line.split(" ")[0] for line in told] == [f"{page}-{tenant}" for page in refused]
    assert site.warehouse_rows() == site.graph_rows() != set()


def test_a_products_counts_in_the_plan_become_no_list(site: Site):
    site.sync()

    rows = listed_rows(shown(f"plan-{site.tenant.name}"))
    assert rows.keys() == {row[1] for row in site.warehouse_rows()}
    assert all([*row][:3] == ["refresh date", "why", "Graph"] for row in rows.values())
    assert {row["assigned"] for row in rows.values()} == {f"- -> {row[2]}" for row in site.warehouse_rows()}


def test_a_run_behind_a_closed_door_shows_nothing_and_does_all_the_rest(site: Site):
    keys = [f"plan-{site.tenant.name}", f"run-{site.tenant.name}"]
    before = len(versions(*keys))

    with not_showing():
        site.sync()

    assert len(versions(*keys)) == before
    assert site.warehouse_rows() == site.graph_rows() != set()
