"""The ground a proof stands on: warehouse and landing, kept at some moments and brought back as often as needed."""

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine

from activation_sync.emulator import Scenario
from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.schema import migrate
from config.sources import FILE_VARIABLE
from tasks.wiring import open_warehouse
from tests.support.servers.postgres import serving_postgres
from tests.support.sites.site import Site, open_site

# What happens in a proof is out of all proportion on purpose, and its subject is not the guards.
UNJUDGED = {"few_users": 1_000_000_000, "max_change_share": 1.0}
EMPTY = "empty"


class Ground(ABC):
    """One kind of database, and where the landing is."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abstractmethod
    def url(self) -> str:
        """The warehouse's, always the same."""

    @contextmanager
    def staged(self, scenario: Scenario, **sections: dict[str, Any]) -> Iterator[Site]:
        """A site on this ground, with secrets of its own; afterwards nobody is connected any more."""
        for secret in self.folder.glob("*.secret"):
            secret.unlink()
        with open_site(self.folder, self.url, scenario, **sections) as site:
            try:
                yield site
            finally:
                _hang_up()

    def prepare(self) -> None:
        """An empty warehouse, kept as EMPTY."""
        engine = open_engine(self.url)
        migrate(engine)
        engine.dispose()
        self.keep(EMPTY)

    def keep(self, name: str) -> None:
        """Remember under this name what warehouse and landing hold now."""
        _hang_up()
        _copy_folder(self.folder / "landing", self.folder / f"landing-{name}")
        self._keep_warehouse(name)

    def bring_back(self, name: str) -> None:
        """Warehouse and landing as they were when they were kept."""
        _hang_up()
        _copy_folder(self.folder / f"landing-{name}", self.folder / "landing")
        self._bring_back_warehouse(name)

    @abstractmethod
    def _keep_warehouse(self, name: str) -> None: ...

    @abstractmethod
    def _bring_back_warehouse(self, name: str) -> None: ...


class SqliteGround(Ground):
    """A file, and its copy."""

    name = "SQLite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self._file}"

    @property
    def _file(self) -> Path:
        return self.folder / "warehouse.db"

    def _keep_warehouse(self, name: str) -> None:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        shutil.copyfile(self._file, self._file.with_suffix(f".{name}"))

    def _bring_back_warehouse(self, name: str) -> None:
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._file.with_suffix(f".{name}"), self._file)


class PostgresGround(Ground):
    """A database of the server's, and another that is its template."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, server_url: str, database: str) -> None:
        super().__init__(folder)
        self._server_url, self._database = server_url, database
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {database}")

    @property
    def url(self) -> str:
        return self._server_url.replace("/postgres?", f"/{self._database}?")

    def _keep_warehouse(self, name: str) -> None:
        self._copy_database(self._database, f"{self._database}_{name}")

    def _bring_back_warehouse(self, name: str) -> None:
        self._copy_database(f"{self._database}_{name}", self._database)

    def _copy_database(self, source: str, target: str) -> None:
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")

    def _admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self._server_url, autocommit=True)


@contextmanager
def open_ground(database: str) -> Iterator[Ground]:
    """A ground with an empty warehouse; all of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="proof-") as folder, ExitStack() as stack:
        ground: Ground
        if database == "sqlite":
            ground = SqliteGround(Path(folder))
        else:
            ground = PostgresGround(Path(folder), stack.enter_context(serving_postgres()), "proof")
        ground.prepare()
        yield ground


def _hang_up() -> None:
    """No run of this process is connected any more; the next one connects anew."""
    if FILE_VARIABLE in os.environ:
        open_warehouse().dispose()


def _copy_folder(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target)
