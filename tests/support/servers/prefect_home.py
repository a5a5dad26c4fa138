"""Prefect's database with its tables already made, copied into homes of test servers.

A server makes them in a new home by some ninety migrations, 11 CPU seconds each time. One that starts in an empty
home is in the tests of the dashboard.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

KEPT = Path(__file__).parents[3] / ".pytest_cache" / "prefect"
DATABASE = "prefect.db"


def furnish(home: Path) -> str:
    """Put a database with tables into this Prefect home, where none is yet; return its URL."""
    database = home / DATABASE
    if not database.exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(_made(), database)
    return _url(database)


def _made() -> Path:
    """The database that is copied: made once for each version of Prefect, however many ask for it at a time."""
    made = KEPT / version("prefect") / DATABASE
    made.parent.mkdir(parents=True, exist_ok=True)
    with (made.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(made)
    return made


def _make(made: Path) -> None:
    unfinished = made.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
        env=os.environ | {"PREFECT_API_DATABASE_CONNECTION_URL": _url(unfinished), "PREFECT_HOME": str(made.parent)},
        check=True,
        capture_output=True,
    )
    unfinished.rename(made)


def _url(database: Path) -> str:
    return f"sqlite+aiosqlite:///{database}"
