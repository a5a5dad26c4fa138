"""Programs that no wheel brings, from Debian's packages: installed by root alone, and asked for otherwise."""

import os
import shutil
import subprocess


def install_package(name: str, remedy: str) -> None:
    """Install it, or raise RuntimeError with the remedy when there is no way."""
    if not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")):
        raise RuntimeError(remedy)
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", name)):
        done = subprocess.run(  # noqa: S603
            ["apt-get", "-qq", *arguments],  # noqa: S607  Debian's, from PATH
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{remedy}; apt-get {arguments[0]} failed: {done.stderr.strip()[-300:]}")
