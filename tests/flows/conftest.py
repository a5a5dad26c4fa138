"""Whole runs of the flow, against an emulated Graph, on both databases, in a Prefect of the session's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Stage, open_stage


@pytest.fixture(autouse=True)
def theatre(prefect_server: None, own_configuration: None) -> None:
    """What every whole run needs."""


@pytest.fixture
def stage(tmp_path: Path, warehouse_url: str) -> Iterator[Stage]:
    """A tenant of 60 users whose counts report lags; `configure` changes settings."""
    with open_stage(tmp_path, warehouse_url) as stage:
        yield stage
