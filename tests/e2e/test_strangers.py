"""Who reaches the port of the server that `up` starts, and has not the password, gets nothing and starts nothing."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.support.servers.browser import open_browser
from tests.support.sites.newcomer import Site, open_site, wait_for
from tests.support.sites.strangers import ASK, plant, serving_another_page

pytestmark = pytest.mark.timeout(600)
KEPT = "kept from the page"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    """Somebody who even has a token of the CSRF protection, but not the password."""
    tokens = {name: value for name, value in site.api.headers.items() if name.startswith("prefect-csrf")}
    assert len(tokens) == 2
    with httpx.Client(base_url=site.api.base_url, headers=tokens, timeout=60, trust_env=False) as client:
        yield client


def planted(site: Site) -> bool:
    """Whether a flow of the strangers' is known to the server."""
    return bool(
        site.api.post("/flows/filter", json={"flows": {"name": {"any_": ["planted"]}}}).raise_for_status().json()
    )


def test_without_the_password_no_program_can_be_planted(site: Site, stranger: httpx.Client, tmp_path: Path):
    assert plant(stranger, tmp_path / "made") == [401, 401, 401]
    assert not planted(site)


def test_with_another_password_neither(site: Site, stranger: httpx.Client, tmp_path: Path):
    stranger.auth = ("operator", "operator")
    assert plant(stranger, tmp_path / "made") == [401, 401, 401]
    assert not planted(site)


def test_a_page_whose_name_was_bound_to_this_machine_is_refused(site: Site, stranger: httpx.Client):
    """To a browser such a page and the server are one origin; it has no password to send, which is what stops it."""
    rebound = {
        "Host": f"evil.example:{site.api.base_url.port}",
        "Origin": f"http://evil.example:{site.api.base_url.port}",
    }
    asked = [
        stranger.get("/admin/settings", headers=rebound),
        stranger.get("/csrf-token", params={"client": "evil"}, headers=rebound),
        stranger.post("/block_documents/filter", json={"include_secrets": True}, headers=rebound),
        stranger.post("/flows/", json={"name": "planted"}, headers=rebound),
    ]
    assert [answer.status_code for answer in asked] == [401] * 4


def test_a_page_of_another_origin_reads_and_posts_nothing_even_with_the_password(site: Site, browser: Browser):
    api = str(site.api.base_url)
    page = browser.new_page()
    with serving_another_page() as elsewhere:
        page.goto(elsewhere)
        assert page.evaluate(ASK, {"api": api, "login": ""}) == [KEPT] * 4
        assert page.evaluate(ASK, {"api": api, "login": site.password}) == [KEPT] * 4
    page.goto(api.removesuffix("/api/"))
    assert page.evaluate(ASK, {"api": api, "login": ""}) == [401, 401, 403, 403]
    assert page.evaluate(ASK, {"api": api, "login": site.password}) == [200, 200, 403, 403]  # it sends no CSRF token
    page.close()
    assert not planted(site)


@pytest.mark.parametrize("door", ["events/in", "events/out", "logs/out"])
def test_no_stream_opens_without_the_password(site: Site, door: str):
    address = str(site.api.base_url).replace("http:", "ws:")
    with connect(address + door, subprotocols=["prefect"], proxy=None) as stream:  # type: ignore[list-item]
        stream.send(json.dumps({"type": "auth", "token": "operator:operator"}))
        with pytest.raises(ConnectionClosedError, match="Invalid token"):
            stream.recv(timeout=30)


def test_the_password_stands_in_one_file_that_only_its_owner_may_read(site: Site):
    word = site.password.partition(":")[2]
    assert len(word) == 32
    assert stat.filemode(site.password_file.stat().st_mode) == "-rw-------"

    files = [file for file in site.folder.rglob("*") if file.is_file() and file != site.password_file]
    assert {"said.txt", "server.log", "worker.log", "prefect.db"} <= {file.name for file in files}
    assert [file for file in files if word.encode() in file.read_bytes()] == []
    for pid in site.processes():
        assert word not in Path(f"/proc/{pid}/cmdline").read_text()
        assert word not in Path(f"/proc/{pid}/environ").read_text()
    assert f"the name and the password are in {site.password_file}" in site.said()


def test_with_the_password_a_program_runs(site: Site, tmp_path: Path):
    """What the tests above try can be done: the worker would run it."""
    assert plant(site.api, tmp_path / "made") == [201, 201, 201]
    wait_for((tmp_path / "made").exists)
