"""Whole runs of the flow, against an emulated Graph, on both databases, in a Prefect of the session's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.sources import FILE_VARIABLE
from tests.stage import Stage, open_stage


@pytest.fixture(scope="session", autouse=True)
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server for all flow runs of the session; heartbeats off, as each costs a flow run a second."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_LOGGING_LEVEL, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    quiet = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_LEVEL: "ERROR"}
    with prefect_test_harness(server_startup_timeout=120), temporary_settings(quiet):
        yield


@pytest.fixture
def stage(tmp_path: Path, warehouse_url: str) -> Iterator[Stage]:
    """A tenant of 60 users whose counts report lags; `configure` changes settings."""
    before = os.environ.get(FILE_VARIABLE)
    with open_stage(tmp_path, warehouse_url) as stage:
        yield stage
    os.environ.pop(FILE_VARIABLE)
    if before is not None:
        os.environ[FILE_VARIABLE] = before
