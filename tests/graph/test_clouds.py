"""Where our token and our downloads may go."""

from dataclasses import replace

import pytest

from activation_sync.errors import ConfigError
from activation_sync.graph.clouds import CLOUDS, Cloud, follow, parse_address
from tests.support.clouds import cloud_at

GLOBAL = CLOUDS["global"]
EMULATED = cloud_at("https://127.0.0.1:8443", "https://127.0.0.1:8443", "127.0.0.1:8444")


@pytest.mark.parametrize(
    "url",
    [
        "https://reports.office.com/data/download/JDFKdf2_eJXKS034dbc7e0t__XDe",
        "https://reportsweu.office.com/data/v1.0/download?token=a%2Fb+c==&x='1'",
        "https://REPORTSNCU.office.com:443/data",
    ],
)
def test_reports_are_downloaded_from_microsofts_hosts(url):
    assert GLOBAL.allows_download(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://reports.office.com/data", id="not-encrypted"),
        pytest.param("https://office.com.evil.example/data", id="other-host"),
        pytest.param("https://eviloffice.com/data", id="suffix-without-dot"),
        pytest.param("https://reports.office.com@evil.example/data", id="userinfo"),
        pytest.param("https://user:pw@reports.office.com/data", id="userinfo-of-the-right-host"),
        pytest.param("https://evil.example\\.office.com/data", id="backslash"),
        pytest.param("https://evil.example#.office.com", id="fragment"),
        pytest.param("https://evil.example?.office.com", id="host-in-query"),
        pytest.param("https://reports.office.com:8443/data", id="other-port"),
        pytest.param("https://reports.office.com /data", id="space"),
        pytest.param("//reports.office.com/data", id="no-scheme"),
        pytest.param("", id="empty"),
    ],
)
def test_reports_are_downloaded_from_nowhere_else(url):
    assert not GLOBAL.allows_download(url)


def test_an_emulated_cloud_trusts_its_own_download_port_and_nothing_of_microsofts():
    assert EMULATED.allows_download("https://127.0.0.1:8444/download/1")
    assert not EMULATED.allows_download("https://127.0.0.1:8445/download/1")
    assert not EMULATED.allows_download("https://reports.office.com/data")


def test_a_cloud_whose_download_host_is_undocumented_can_be_given_it():
    cloud = replace(CLOUDS["china"], download_hosts=("reports.example",))
    assert cloud.allows_download("https://reports.example/data")
    assert not cloud.allows_download("https://reports.example:444/data")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://graph.microsoft.com/beta/reports?$skiptoken=AAA", True),
        ("https://GRAPH.microsoft.com:443/beta", True),
        ("https://graph.microsoft.com:444/beta", False),
        ("https://graph.microsoft.us/beta", False),
        ("http://graph.microsoft.com/beta", False),
        ("/beta/reports", False),
    ],
)
def test_the_token_goes_to_the_origin_of_the_root_only(url, expected):
    assert GLOBAL.is_own(url) is expected


@pytest.mark.parametrize(
    ("name", "version", "scope"),
    [
        ("global", "v1.0", "https://graph.microsoft.com/.default"),
        ("us-gov-l4", "beta", "https://graph.microsoft.us/.default"),
        ("us-gov-l5", "beta", "https://dod-graph.microsoft.us/.default"),
        ("china", "beta", "https://microsoftgraph.chinacloudapi.cn/.default"),
    ],
)
def test_each_cloud_has_its_own_scope_and_only_the_global_one_serves_reports_on_v1(name, version, scope):
    assert (CLOUDS[name].reports_version, CLOUDS[name].scope) == (version, scope)


@pytest.mark.parametrize("root", ["http://graph.example", "graph.example", "https://graph.example/", "https://a/v1.0"])
def test_a_root_that_is_no_bare_https_host_is_a_configuration_error(root):
    with pytest.raises(ConfigError, match="root must be https"):
        Cloud(root, "https://login.example")


def test_an_address_keeps_its_path_and_query_to_the_byte():
    address = parse_address('https://reports.office.com/d?token=a%2fb\'+|"x"==')
    assert address is not None
    assert address.target == '/d?token=a%2fb\'+|"x"=='


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/next?sig=a%2F", "https://reports.office.com:443/next?sig=a%2F"),
        ("https://elsewhere.office.com/x", "https://elsewhere.office.com/x"),
        ("//elsewhere/x", "//elsewhere/x"),
    ],
)
def test_a_redirect_by_path_stays_on_its_host(location, expected):
    assert follow("https://reports.office.com/data", location) == expected
