"""What the composition root finds out about where it runs."""

import os
import pwd

import pytest

from tasks.wiring import account


def nobody(uid: int) -> pwd.struct_passwd:
    raise KeyError(uid)


def test_an_account_that_is_only_a_number_has_a_name_all_the_same(monkeypatch: pytest.MonkeyPatch):
    """As in a container that runs under a user of its engine's choice."""
    monkeypatch.setattr(pwd, "getpwuid", nobody)

    assert account() == f"uid {os.getuid()}"


def test_an_account_is_that_of_its_user_id_whoever_the_environment_says_it_is(monkeypatch: pytest.MonkeyPatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")

    assert account() == pwd.getpwuid(os.getuid()).pw_name
