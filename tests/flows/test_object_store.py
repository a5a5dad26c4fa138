"""Whole nights with the landing in a bucket: landed, read back, expired, rebuilt from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activation_sync.core.runs.outcome import Outcome
from activation_sync.landing.store import Landing
from tasks.acts.rebuild import rebuild
from tests.support.sites.site import Site, open_site

LONG_AGO = (datetime.now(UTC) - timedelta(days=200)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def site(tmp_path: Path, bucket_url: str) -> Iterator[Site]:
    """One database is enough: the landing knows none."""
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", landing={"url": bucket_url}) as site:
        yield site


def test_nights_land_in_the_bucket_and_old_reports_go_from_it(site: Site, bucket_url: str):
    site.sync()
    before = set(Landing(bucket_url).files(site.tenant.name))
    site.execute("UPDATE raw_report SET seen_at = :when, landed_at = :when", when=LONG_AGO)
    site.emulator.advance(days=1)

    assert site.sync().outcome is Outcome.DONE

    after = set(Landing(bucket_url).files(site.tenant.name))
    assert (len(before), len(after), before & after) == (3, 3, set())
    assert {path for (path,) in site.query("SELECT path FROM raw_report WHERE expired_at IS NULL")} == after
    assert site.warehouse_rows() == site.graph_rows()
    assert not (site.folder / "landing").exists()


def test_the_warehouse_is_rebuilt_from_the_bucket(site: Site, tmp_path: Path):
    site.sync()

    rebuilt = rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}")

    assert rebuilt.is_equal
    assert rebuilt.problems == ()


def test_a_night_without_the_bucket_fails_with_the_remedy_and_the_next_one_goes_through(site: Site, bucket_url: str):
    site.configure(landing={"url": "s3://mistyped/activation"})

    refused = site.sync()

    assert refused.outcome is Outcome.FAILED
    assert "s3://mistyped/activation is not there; make the folder, the bucket" in refused.error
    site.configure(landing={"url": bucket_url})
    assert site.sync().outcome is Outcome.DONE
