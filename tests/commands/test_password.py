"""The password of a home: made once, for server and clients alike, and never left out."""

import os
import stat
from pathlib import Path

import pytest

from commands.support.password import CLIENT, FILE, SERVER, password_file, password_of


def test_a_home_keeps_its_password_and_has_it_for_itself(tmp_path: Path):
    homes = [tmp_path / name for name in ("one", "another")]
    for home in homes:
        home.mkdir()
        password_file(home)
    first = [password_of(home) for home in homes]

    password_file(homes[0])

    assert [password_of(home) for home in homes] == first
    assert all(len(password) > 32 for password in first)
    assert first[0] != first[1]


def test_only_its_owner_may_read_it_whatever_the_account_usually_allows(tmp_path: Path):
    before = os.umask(0)
    try:
        password_file(tmp_path)
    finally:
        os.umask(before)

    assert stat.filemode((tmp_path / FILE).stat().st_mode) == "-rw-------"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "active = ",
        'active = "up"',
        f'[profiles.up]\n{CLIENT} = "a:b"\n{SERVER} = "a:b"',
        f'active = "other"\n[profiles.up]\n{CLIENT} = "a:b"\n{SERVER} = "a:b"\n[profiles.other]',
        f'active = "up"\n[profiles.up]\n{CLIENT} = "a:b"',
        f'active = "up"\n[profiles.up]\n{SERVER} = "a:b"',
        f'active = "up"\n[profiles.up]\n{CLIENT} = ""\n{SERVER} = ""',
    ],
)
def test_a_file_that_gives_the_server_no_password_is_made_anew(tmp_path: Path, written: str):
    """A server without one would let everybody in."""
    (tmp_path / FILE).write_text(written, encoding="utf-8")
    assert password_of(tmp_path) == ""

    password_file(tmp_path)

    assert password_of(tmp_path).startswith("operator:")


def test_another_file_that_its_name_leads_to_is_left_alone(tmp_path: Path):
    (tmp_path / "precious").write_text("not ours", encoding="utf-8")
    (tmp_path / FILE).symlink_to(tmp_path / "precious")

    password_file(tmp_path)

    assert (tmp_path / "precious").read_text(encoding="utf-8") == "not ours"
    assert not (tmp_path / FILE).is_symlink()
