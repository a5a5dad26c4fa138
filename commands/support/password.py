"""The password of the Prefect server that `up` starts: made once for its home, in a file that only its owner may read.

The file is one of Prefect's profiles, which the server and its clients read themselves, so that the password stands in
no command line and not in the environment that server and worker are started with.
"""

import secrets
import tomllib
from pathlib import Path

FILE = "password.toml"
USER = "operator"
SERVER, CLIENT = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"


def password_file(home: Path) -> Path:
    """The profile with the home's password, which is made first if there is none."""
    if not password_of(home):
        _make(home / FILE)
    return home / FILE


def password_of(home: Path) -> str:
    """What the dashboard asks for, name and all; empty when the home has no password for server and clients."""
    try:
        whole = tomllib.loads((home / FILE).read_text(encoding="utf-8"))
        profile = whole["profiles"][whole["active"]]
    except (OSError, ValueError, KeyError):
        return ""
    return str(profile[CLIENT]) if profile.get(CLIENT) == profile.get(SERVER) is not None else ""


def _make(file: Path) -> None:
    """Nobody else can read it at any moment: it is new, and has its mode from the start."""
    word = f'"{USER}:{secrets.token_hex(16)}"'
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(
        f"""# Whoever has this password can run programs as the account that runs `up`, and read its secrets.
active = "up"
[profiles.up]
{SERVER} = {word}
{CLIENT} = {word}
""",
        encoding="utf-8",
    )
