"""What the composition root finds out about where it runs."""

import os
import pwd
from pathlib import Path

import pytest

from activation_sync.core.bounds import BOUNDS, Bounds
from config.settings import BoundsSettings
from tasks.wiring import account, open_graph
from tests.support.servers.proxy import open_proxy
from tests.support.sites.secret_files import write_secret
from tests.support.sites.site import open_site


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


def test_the_proxy_of_the_configuration_is_the_only_way_that_is_taken(tmp_path: Path):
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site, open_proxy() as proxy:
        write_secret(tmp_path / "proxy-url", proxy.url)
        site.configure(graph={"proxy": "file:proxy-url"})
        with open_graph(site.tenant.name) as graph:
            assert graph.read_report_settings() is not None

        origins = site.emulator.authority_root, site.emulator.graph_root
        assert [line.split()[1] for line in proxy.asked] == [origin.removeprefix("https://") for origin in origins]


def test_what_is_bounded_where_nothing_is_configured_is_bounded_alike_everywhere():
    """The two rooms may not import each other, so the figures stand in both."""
    assert Bounds(**BoundsSettings().model_dump()) == BOUNDS
