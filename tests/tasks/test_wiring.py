"""What the composition root finds out about where it runs."""

import os
import pwd

import pytest

from tasks.wiring import account


def nobody(uid: int) -> pwd.struct_passwd:
    raise KeyError(uid)


def test_an_account_that_is_only_a_number_has_a_name_all_the_same(monkeypatch: pytest.MonkeyPatch):
    """As in a container that runs under a user of its engine's choice."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)

    assert account() == f"uid {os.getuid()}"
