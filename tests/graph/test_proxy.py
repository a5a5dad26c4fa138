"""The way through a proxy, and the straight one: only the configuration decides which."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import trustme

from activation_sync.core.model import Report
from activation_sync.errors import ConfigError, GraphBusyError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import Cloud
from activation_sync.graph.route import Route
from tests.support.clouds import cloud_at
from tests.support.servers.proxy import PASSWORD, Proxy, open_proxy
from tests.support.servers.scripted_graph import SECRET, TENANT_ID, Scripted, will_sign_in

REPORT = "GET /v1.0/reports/getOffice365ActivationsUserCounts"
SIGNED = "/data?sig=a%2fb'+c"
ROWS = b"Report Refresh Date,Product Type,Assigned,Activated,Shared Computer Activation\n"


@pytest.fixture(params=["http", "https"])
def proxy(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Proxy]:
    with open_proxy(authority if request.param == "https" else None) as proxy:
        yield proxy


@pytest.fixture
def plain_proxy() -> Iterator[Proxy]:
    with open_proxy() as proxy:
        yield proxy


def through(proxy_url: str, cloud: Cloud) -> Cloud:
    return replace(cloud, route=Route(proxy_url))


def download(cloud: Cloud, tokens: TokenSource, ca_file) -> bytes:
    with GraphClient(cloud, tokens, ca_file=ca_file) as graph, graph.download(Report.USER_COUNTS) as report:
        return b"".join(report.chunks)


def test_sign_in_graph_and_download_go_through_the_proxy_and_it_reads_no_address(
    proxy, server, downloads, cloud, ca_file
):
    will_sign_in(server)
    server.will_answer(REPORT, Scripted(302, b"", {"Location": f"{downloads.root}{SIGNED}"}))
    downloads.will_answer("GET /data", Scripted(200, ROWS))
    tokens = TokenSource(TENANT_ID, "client", SECRET, through(proxy.url, cloud), ca_file)

    assert download(through(proxy.url, cloud), tokens, ca_file) == ROWS

    hosts = [server.host_port, server.host_port, downloads.host_port]  # sign-in and Graph have a connection each
    assert [line.rsplit(" ", 1)[0] for line in proxy.asked] == [f"CONNECT {host}" for host in hosts]
    assert {seen.connection for seen in (*server.seen, *downloads.seen)} == proxy.ports
    assert downloads.seen[0].target == SIGNED
    assert not [name for seen in (*server.seen, *downloads.seen) for name in seen.headers if "proxy" in name]
    tokens.close()


def refusals(there: Cloud, tokens: TokenSource, ca_file) -> list[Exception]:
    """What the sign-in and Graph's own client say of a proxy. tokens: of a sign-in that went straight."""
    found = []
    with closing(TokenSource(TENANT_ID, "client", SECRET, there, ca_file)) as source:
        for ask in (source.token, lambda: download(there, tokens, ca_file)):
            with pytest.raises((ConfigError, GraphBusyError)) as caught:
                ask()
            found.append(caught.value)
    return found


@pytest.fixture
def signed_in(server, tokens) -> TokenSource:
    will_sign_in(server)
    tokens.token()
    return tokens


def test_a_wrong_password_of_the_proxy_is_said_to_and_neither_one_is_shown(
    plain_proxy, cloud, signed_in, ca_file, caplog
):
    caplog.set_level(logging.DEBUG)
    there = through(plain_proxy.url.replace("p%40ss", "wr0ng-w0rd"), cloud)

    for told in refusals(there, signed_in, ca_file):
        assert isinstance(told, ConfigError)
        host_port = plain_proxy.host_port
        assert str(told) == f"The proxy {host_port} refused our user and password (407): fix graph.proxy."
        logged = [record.getMessage() for record in caplog.records]
        shown = "\n".join([*traceback.format_exception(told), *logged, repr(there), repr(signed_in)])
        assert not [secret for secret in ("wr0ng-w0rd", PASSWORD, "sync:") if secret in shown]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, ConfigError, "does not let us through to that host (403): ask its operator."),
        (502, GraphBusyError, "No way through the proxy"),
    ],
)
def test_what_else_the_proxy_answers_is_told_apart(plain_proxy, cloud, signed_in, ca_file, status, kind, words):
    plain_proxy.refusal = status
    for told in refusals(through(plain_proxy.url, cloud), signed_in, ca_file):
        assert isinstance(told, kind)
        assert words in str(told)


@pytest.mark.parametrize(
    ("route", "advice"),
    [
        (Route("http://sync:secret@127.0.0.1:9"), "check the network and the proxy 127.0.0.1:9 if this lasts"),
        (Route(ignored="HTTPS_PROXY"), "the environment's HTTPS_PROXY is not used: set graph.proxy if this lasts"),
        (Route(), "check the network if this lasts"),
    ],
)
def test_a_dead_network_says_which_way_was_taken(signed_in, ca_file, route, advice):
    nowhere = replace(cloud_at("https://127.0.0.1:9", "https://127.0.0.1:9"), route=route)
    for told in refusals(nowhere, signed_in, ca_file):
        assert isinstance(told, GraphBusyError)
        assert advice in str(told)
        assert "secret" not in str(told)


def test_the_proxy_of_the_environment_is_not_used(server, cloud, tokens, ca_file, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    will_sign_in(server)
    server.will_answer(REPORT, Scripted(200, ROWS))

    assert download(cloud, tokens, ca_file) == ROWS
