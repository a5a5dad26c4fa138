"""A real Chromium without a network, for pages of ours."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

from tests.support.servers.packages import find_or_install

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "the tests of pages need Chromium: apt-get install chromium, or put a Chromium on PATH"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Visit:
    """A page that is open, and what it tried to do. requests: addresses elsewhere that it asked for."""

    page: Page
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, place: Path | str, width: int = 1280, scheme: str = "light", time_zone: str = "UTC"
) -> Iterator[Visit]:
    """Open a file, or an address of this machine; whatever it asks for elsewhere is noted and refused."""
    url = place.as_uri() if isinstance(place, Path) else place
    own = (_origin(url), "data:", "blob:")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id=time_zone)
    visit = Visit(context.new_page())

    def refuse(route: Route) -> None:
        if route.request.url.startswith(own):
            route.continue_()
        else:
            visit.requests.append(route.request.url)
            route.abort()

    def note(dialog: Dialog) -> None:
        visit.dialogs.append(dialog.message)
        dialog.dismiss()

    context.route("**/*", refuse)
    visit.page.on("dialog", note)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    try:
        visit.page.goto(url)
        yield visit
    finally:
        context.close()


def _origin(url: str) -> str:
    """What all addresses of the same server begin with; of a file, those of all files."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def chromium() -> str:
    """The machine's Chromium, installed first where that is possible."""
    return find_or_install(lambda: next(filter(None, map(shutil.which, NAMES)), None), "chromium", REMEDY)
