"""A job without Graph and without Prefect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path, warehouse_url: str) -> Iterator[Site]:
    with open_site(tmp_path, warehouse_url) as site:
        yield site
