"""What the dashboard holds after a run."""

import base64
import re
from xml.etree import ElementTree as ET

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact

from tasks.showing import not_showing
from tests.support.site import Site

SVG = "{http://www.w3.org/2000/svg}"


IMAGE = re.compile(r"!\[[^\]]*\]\(data:image/svg\+xml;base64,([^)]+)\)")


def versions(*keys: str) -> list[Artifact]:
    """All that was ever shown under these keys."""
    with get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=list(keys))))


def shown(key: str) -> str:
    """The newest version of a page, as Markdown."""
    return str(max(versions(key), key=lambda page: page.created).data)


def test_a_runs_page_shows_the_trend_of_every_product_with_the_counts_settled_on(site: Site):
    site.sync()
    site.emulator.advance(days=1)
    site.sync()

    images = IMAGE.findall(shown(f"run-{site.tenant.name}"))

    trend, adoption, drift = (ET.fromstring(base64.b64decode(image)) for image in images)  # noqa: S314  our own
    newest = {row for row in site.warehouse_rows() if row[0] == str(site.emulator.refreshed_on)}
    titles = {panel.findtext(f"{SVG}title", "").split(", ")[0] for panel in trend.findall(f"{SVG}svg")}
    said = {text.text for text in trend.iter(f"{SVG}text")}
    assert titles == {row[1] for row in newest}
    assert {f"{row[2]:,} assigned" for row in newest} | {f"{row[3]:,} activated" for row in newest} <= said
    assert {f"{row[3]:,} of {row[2]:,}" for row in newest} <= {text.text for text in adoption.iter(f"{SVG}text")}
    assert "in 2 of 2 nights" in drift.findtext(f"{SVG}title", "")


def test_a_backfills_page_shows_the_trend_of_its_dates_and_of_none_after_them(site: Site):
    from flows.backfill import backfill

    for day in range(3):
        site.emulator.advance(days=min(day, 1))
        site.sync()
    days = sorted({row[0] for row in site.warehouse_rows()})

    backfill(days[0], days[1], "a look", return_state=True)

    page = shown(f"backfill-page-{site.tenant.name}")
    trend, _ = (base64.b64decode(image).decode() for image in IMAGE.findall(page))
    assert days[0] in trend
    assert days[1] in trend
    assert days[2] not in trend
    assert "2 refresh dates: 2 nothing to do." in page


def test_a_run_behind_a_closed_door_shows_nothing_and_does_all_the_rest(site: Site):
    keys = [f"plan-{site.tenant.name}", f"run-{site.tenant.name}"]
    before = len(versions(*keys))

    with not_showing():
        site.sync()

    assert len(versions(*keys)) == before
    assert site.warehouse_rows() == site.graph_rows() != set()
