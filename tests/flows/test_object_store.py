"""Whole nights with the landing in a bucket: landed, read back, expired, rebuilt from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activation_sync.core.run import Outcome
from activation_sync.landing.store import Landing
from tasks.rebuild import rebuild
from tests.stage import Stage, open_stage

LONG_AGO = (datetime.now(UTC) - timedelta(days=200)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def stage(tmp_path: Path, bucket_url: str) -> Iterator[Stage]:
    """One database is enough: the landing knows none."""
    with open_stage(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", landing={"url": bucket_url}) as stage:
        yield stage


def test_nights_land_in_the_bucket_and_old_reports_go_from_it(stage: Stage, bucket_url: str):
    stage.sync()
    before = set(Landing(bucket_url).files(stage.tenant.name))
    stage.execute("UPDATE raw_report SET seen_at = :when, landed_at = :when", when=LONG_AGO)
    stage.emulator.advance(days=1)

    assert stage.sync().outcome is Outcome.DONE

    after = set(Landing(bucket_url).files(stage.tenant.name))
    assert (len(before), len(after), before & after) == (3, 3, set())
    assert {path for (path,) in stage.query("SELECT path FROM raw_report WHERE expired_at IS NULL")} == after
    assert stage.warehouse_rows() == stage.graph_rows()
    assert not (stage.folder / "landing").exists()


def test_the_warehouse_is_rebuilt_from_the_bucket(stage: Stage, tmp_path: Path):
    stage.sync()

    rebuilt = rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}")

    assert rebuilt.is_equal
    assert rebuilt.problems == ()


def test_a_night_without_the_bucket_fails_with_the_remedy_and_the_next_one_goes_through(stage: Stage, bucket_url: str):
    stage.configure(landing={"url": "s3://mistyped/activation"})

    refused = stage.sync()

    assert refused.outcome is Outcome.FAILED
    assert "s3://mistyped/activation is not there; make the folder, the bucket" in refused.error
    stage.configure(landing={"url": bucket_url})
    assert stage.sync().outcome is Outcome.DONE
