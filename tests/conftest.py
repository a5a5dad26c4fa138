"""What tests of several rooms share: a warehouse of their own, on both databases."""

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import Engine

from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.schema import migrate
from tests.support.servers.buckets import open_bucket, serving_buckets
from tests.support.servers.postgres import serving_postgres
from tests.support.servers.prefect_server import serving_prefect
from tests.support.sites.site import keeping_configuration

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")
database_numbers = count(1)
LONGEST = {"e2e": 0, "proof": 1, "flows": 2, "commands": 3}


def pytest_configure() -> None:
    """A session that is told to end (`kill`, `timeout`) ends its servers first, as it does after Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The rooms whose files take longest come first, so that no worker is left with one when the others are done."""
    here = Path(__file__).parent
    items.sort(key=lambda item: LONGEST.get(item.path.relative_to(here).parts[0], len(LONGEST)))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with serving_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    with serving_buckets() as endpoint:
        yield endpoint


@pytest.fixture
def bucket_url(object_store: str) -> Iterator[str]:
    """The URL of a landing in an empty bucket."""
    with open_bucket(object_store) as url:
        yield url


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    with serving_prefect():
        yield


@pytest.fixture
def own_configuration() -> Iterator[None]:
    with keeping_configuration():
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own, once on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'warehouse.db'}"
        return
    server_url = request.getfixturevalue("postgres_url")
    name = f"test_{next(database_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield server_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server_url, autocommit=True) as admin:  # another one: a test may have restarted the server
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """A migrated, empty warehouse."""
    engine = open_engine(warehouse_url, lock_timeout_s=0.2)
    migrate(engine)
    yield engine
    engine.dispose()
