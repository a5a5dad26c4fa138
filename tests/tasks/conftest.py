"""A job without Graph and without Prefect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sites.offline_site import OfflineSite, open_offline_site


@pytest.fixture
def site(tmp_path: Path, warehouse_url: str) -> Iterator[OfflineSite]:
    with open_offline_site(tmp_path, warehouse_url) as site:
        yield site
