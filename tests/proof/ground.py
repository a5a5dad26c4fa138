"""The ground a proof stands on: warehouse and landing, kept at one moment and brought back as often as needed."""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine

from activation_sync.emulator import Scenario
from config.sources import FILE_VARIABLE
from tasks.wiring import open_warehouse
from tests.stage import Stage, open_stage


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
    def staged(self, scenario: Scenario, **sections: dict[str, Any]) -> Iterator[Stage]:
        """A stage on this ground, with secrets of its own; afterwards nobody is connected any more."""
        for secret in self.folder.glob("*.secret"):
            secret.unlink()
        with open_stage(self.folder, self.url, scenario, **sections) as stage:
            try:
                yield stage
            finally:
                _hang_up()

    def keep(self) -> None:
        """Remember what warehouse and landing hold now."""
        _hang_up()
        _copy_folder(self._landing, self._kept_landing)
        self._keep_warehouse()

    def bring_back(self) -> None:
        """Warehouse and landing as they were when they were kept."""
        _hang_up()
        _copy_folder(self._kept_landing, self._landing)
        self._bring_back_warehouse()

    @abstractmethod
    def _keep_warehouse(self) -> None: ...

    @abstractmethod
    def _bring_back_warehouse(self) -> None: ...

    @property
    def _landing(self) -> Path:
        return self.folder / "landing"

    @property
    def _kept_landing(self) -> Path:
        return self.folder / "landing-kept"


class SqliteGround(Ground):
    """A file, and its copy."""

    name = "SQLite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self._file}"

    @property
    def _file(self) -> Path:
        return self.folder / "warehouse.db"

    def _keep_warehouse(self) -> None:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        shutil.copyfile(self._file, self._file.with_suffix(".kept"))

    def _bring_back_warehouse(self) -> None:
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._file.with_suffix(".kept"), self._file)


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

    def _keep_warehouse(self) -> None:
        self._copy_database(self._database, f"{self._database}_kept")

    def _bring_back_warehouse(self) -> None:
        self._copy_database(f"{self._database}_kept", self._database)

    def _copy_database(self, source: str, target: str) -> None:
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")

    def _admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self._server_url, autocommit=True)


def _hang_up() -> None:
    """No run of this process is connected any more; the next one connects anew."""
    if FILE_VARIABLE in os.environ:
        open_warehouse().dispose()


def _copy_folder(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target)
