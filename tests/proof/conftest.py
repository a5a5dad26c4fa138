"""The grounds of the proof, on both databases; a folder of its own for each test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.proof.ground import EMPTY, Ground, PostgresGround, SqliteGround

numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path: Path, own_configuration: None) -> Iterator[Ground]:
    """An empty warehouse, once on each kind of database."""
    if request.param == "sqlite":
        ground: Ground = SqliteGround(tmp_path)
        ground.prepare()
        yield ground
        return
    server_url, database = request.getfixturevalue("postgres_url"), f"proof_{next(numbers)}"
    ground = PostgresGround(tmp_path, server_url, database)
    ground.prepare()
    yield ground
    with psycopg.connect(server_url, autocommit=True) as admin:
        for name in (database, f"{database}_{EMPTY}", f"{database}_evening"):
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
