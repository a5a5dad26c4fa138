"""Programs that no wheel brings, from Debian's packages: installed by root alone, and asked for otherwise."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def find_or_install(find: Callable[[], T | None], package: str, remedy: str) -> T:
    """What `find` finds, once the package is there; RuntimeError with the remedy when there is no way."""
    if found := find():
        return found
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise RuntimeError(remedy)
    with _one_at_a_time():  # apt refuses a second one, and tests run side by side
        if not (found := find()):
            _install(package, remedy)
            found = find()
    if not found:
        raise RuntimeError(f"{remedy}; apt-get installed {package}, and it is not where it belongs")
    return found


def _install(package: str, remedy: str) -> None:
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", package)):
        done = subprocess.run(  # noqa: S603
            ["apt-get", "-qq", *arguments],  # noqa: S607  Debian's, from PATH
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{remedy}; apt-get {arguments[0]} failed: {done.stderr.strip()[-300:]}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    import fcntl  # not on Windows, where nothing is installed

    with (Path(tempfile.gettempdir()) / "activation-sync-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
