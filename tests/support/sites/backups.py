"""A copy of a whole database, and the database as it was then; on both kinds."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tasks.wiring import open_warehouse
from tests.support.sites.site import Site


def back_up(site: Site) -> str:
    """The name of a copy."""
    _disconnect(site)
    if site.engine.dialect.name == "sqlite":
        file = site.folder / "backup.db"
        with closing(sqlite3.connect(site.engine.url.database or "")) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        return str(file)
    name = f"{site.engine.url.database}_backup"
    _administer(site, f"CREATE DATABASE {name} TEMPLATE {site.engine.url.database}")
    return name


def put_back(site: Site, backup: str) -> None:
    """The database is the copy, and nothing of what came later; the copy is gone."""
    _disconnect(site)
    present = site.engine.url.database or ""
    if site.engine.dialect.name == "sqlite":
        for file in Path(present).parent.glob(f"{Path(present).name}*"):
            file.unlink()
        shutil.move(backup, present)
        return
    _administer(site, f"DROP DATABASE {present} WITH (FORCE)", f"ALTER DATABASE {backup} RENAME TO {present}")


def _disconnect(site: Site) -> None:
    """As if all processes had been stopped."""
    for engine in (site.engine, open_warehouse()):
        engine.dispose()


def _administer(site: Site, *statements: str) -> None:
    url = make_url(site.engine.url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())
