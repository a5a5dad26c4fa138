"""The report's page in a real browser without a network: whole, readable, and deaf to hostile names."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from activation_sync.core.pages.bi_rows import DailyCount, NightlyDrift
from activation_sync.core.pages.charts import adoption_chart, drift_chart, trend_chart
from activation_sync.core.pages.svg import render
from activation_sync.core.runs.condition import Condition
from activation_sync.warehouse.database.engine import open_engine, reading
from activation_sync.warehouse.database.schema import migrate
from commands.report.page import render_page
from commands.report.reading import read_history
from config.settings import TenantSettings, load_settings
from tests.support.servers.browser import Visit, open_browser, visit
from tests.support.sites.history import (
    APPS,
    HOSTILE_PRODUCTS,
    HOSTILE_USERS,
    TENANT,
    activated,
    assigned,
    write_history,
)
from tests.support.sites.secret_files import write_secret

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
# elements that reach beyond the window, unless a box of their own scrolls
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(it => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !it.closest('.scroll'))
  .map(it => it.outerHTML.slice(0, 80))"""
# boxes that scroll sideways, so that a cell of theirs is cut
CUT = """() => [...document.querySelectorAll('.scroll, td, th, figure')]
  .filter(it => it.clientWidth && it.scrollWidth > it.clientWidth + 1).map(it => it.outerHTML.slice(0, 80))"""
# text of a chart that its picture cuts
CUT_WORDS = """() => [...document.querySelectorAll('svg text')].filter(it => it.getClientRects().length)
  .filter(it => it.getBoundingClientRect().right > it.closest('svg').getBoundingClientRect().right)
  .map(it => it.textContent)"""
# text that is too pale on what lies behind it: WCAG asks for 4.5
PALE = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = channels(colour).slice(0, 3).map(c => (c /= 255) <= .03928 ? c / 12.92
    : ((c + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
  const behind = it => { for (; it; it = it.parentElement) {
    const card = it.matches('svg') ? getComputedStyle(it.querySelector('.paper')).fill
      : getComputedStyle(it).backgroundColor;
    if (channels(card)[3] !== 0) return card } return 'rgb(255, 255, 255)' };
  return [...document.querySelectorAll('body *')].filter(it => [...it.childNodes].some(n => n.nodeType === 3 &&
    n.textContent.trim()) && it.getClientRects().length).map(it => {
    const drawn = it instanceof SVGElement, style = getComputedStyle(it);
    const [a, b] = [light(drawn ? style.fill : style.color), light(behind(it))].sort((x, y) => y - x);
    return [(a + .05) / (b + .05), it.outerHTML.slice(0, 80)] }).filter(([contrast]) => contrast < 4.5) }"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a warehouse with sixty days, hostile products and hostile users."""
    folder = tmp_path_factory.mktemp("page")
    engine = open_engine(f"sqlite:///{folder / 'warehouse.db'}")
    migrate(engine)
    with engine.begin() as conn:
        write_history(conn)
    with reading(engine) as conn:
        history = read_history(conn, tenant_settings(folder), AT, with_names=True)
    file = folder / "page.html"
    file.write_text(render_page([history], AT), encoding="utf-8")
    engine.dispose()
    return file


@pytest.fixture(scope="module")
def unprotected(page: Path) -> Path:
    """The same page without its policy against scripts: the escaping has to do alone."""
    file = page.with_name("unprotected.html")
    text = page.read_text(encoding="utf-8")
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert without != text
    file.write_text(without, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page_of_fifty(page: Path) -> Path:
    """The page of fifty tenants: the past of the one above, as the past of each."""
    engine = open_engine(f"sqlite:///{page.with_name('warehouse.db')}")
    with reading(engine) as conn:
        one = read_history(conn, tenant_settings(page.parent), AT, with_names=False)
    engine.dispose()
    fine = replace(one.standing, condition=Condition.FINE, why="")
    names = [f"customer-{nth:02}-with-a-long-name" for nth in range(50)]
    standings = [replace(one.standing if nth % 7 == 3 else fine, tenant=name) for nth, name in enumerate(names)]
    histories = [replace(one, tenant=standing.tenant, standing=standing) for standing in standings]
    file = page.with_name("fifty.html")
    file.write_text(render_page(histories, AT), encoding="utf-8")
    return file


def tenant_settings(folder: Path) -> TenantSettings:
    write_secret(folder / "secret", "x")
    file = folder / "activation-sync.toml"
    ids = f'tenant_id = "{"0" * 8}-0000-0000-0000-{"0" * 12}"\nclient_id = "{"1" * 8}-1111-1111-1111-{"1" * 12}"'
    file.write_text(f'[[tenants]]\nname = "{TENANT}"\n{ids}\nclient_secret = "file:secret"\n', encoding="utf-8")
    return load_settings(file).tenant(TENANT)


@pytest.mark.parametrize(("width", "highest"), [(390, 14_000), (1280, 8_000)])
def test_fifty_tenants_are_an_overview_and_what_is_opened(browser, page_of_fifty, width, highest):
    with visit(browser, page_of_fifty, width) as opened:
        assert opened.page.evaluate("document.documentElement.scrollHeight") < highest
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(CUT) == []
        assert opened.page.locator("svg:visible").count() == 0

        opened.page.locator("#overview a").first.click()  # the most pressing
        assert opened.page.locator("article:visible").get_attribute("id") == "customer-03-with-a-long-name"
        assert opened.page.locator("article:visible svg").count() > 0


def test_the_overview_has_the_most_pressing_first_with_why_and_what_to_do(browser, page_of_fifty):
    with visit(browser, page_of_fifty) as opened:
        rows = opened.page.locator("#overview tbody tr:not(.why)").all_inner_texts()
        assert len(rows) == 50
        pressing = [nth for nth, row in enumerate(rows) if str(Condition.UNSETTLED) in row]
        assert pressing == list(range(7))
        notes = opened.page.locator("#overview .why").all_inner_texts()
        assert len(notes) == 7
        assert all("customer-" in note and "`" not in note and "<" not in note for note in notes)
        assert opened.page.locator("#overview .why:has(code)").count() == 7


def test_a_plot_fills_its_card(browser, page):
    with visit(browser, page) as opened:
        for figure in opened.page.locator("figure").all():
            card, plot = figure.bounding_box(), figure.locator("> svg").bounding_box()
            assert card
            assert plot
            assert plot["width"] > 0.95 * card["width"]


@pytest.mark.parametrize("users", [99_999, 999_499, 1_234_567])
def test_the_largest_numbers_stand_within_their_charts(browser, page, users):
    count = DailyCount(TENANT, AT.date(), "MICROSOFT 365 " * 9, users, users, 0, 1.0, AT, "run")
    night = NightlyDrift(TENANT, AT.date(), users, 0, 0, 0)
    charts = [trend_chart(count.product, [count]), adoption_chart([count]), drift_chart([night])]
    file = page.with_name(f"{users}.html")
    file.write_text("<!doctype html>" + "".join(map(render, charts)), encoding="utf-8")
    with visit(browser, file) as opened:
        assert opened.page.evaluate(CUT_WORDS) == []


def did_nothing(visit: Visit) -> bool:
    return (visit.requests, visit.dialogs, visit.errors) == ([], [], [])


def test_the_page_says_what_it_is_about_and_asks_for_nothing(browser, page):
    with visit(browser, page) as opened:
        said = opened.page.inner_text("body")
        for words in ("Adoption trend", "Assigned but never activated", "Activated but not assigned", "Run health"):
            assert words in said
        assert f"{assigned(0, 59):,}" in said
        assert "2 days old" in said
        assert opened.page.title() == f"Activation report: {TENANT}"
        assert did_nothing(opened)


def test_what_the_figures_do_not_say_is_printed_beside_them(browser, page):
    with visit(browser, page) as opened:
        notes = opened.page.locator("section .note").all_inner_texts()
        assert len(notes) == opened.page.locator("section").count() - 1  # open questions say all there is
        together = " ".join(notes)
        for words in ("Assigned is a licence, not use", "counts activations, not users", "lag by days"):
            assert words in together


def test_every_chart_is_drawn_and_says_its_figures_to_those_who_cannot_see_it(browser, page):
    with visit(browser, page) as opened:
        charts = opened.page.locator("figure > svg[role=img]")
        assert charts.count() == len((APPS, *HOSTILE_PRODUCTS)) + 2 + 2  # a trend a product; adoption and drift
        words = f"now assigned {assigned(0, 59):,}, activated {activated(0, 59):,}"
        assert words in (charts.first.locator("> title").text_content() or "")
        boxes = [charts.nth(n).bounding_box() for n in range(charts.count())]
        assert all(box and box["width"] > 300 and box["height"] > 140 for box in boxes)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_reaches_beyond_the_window_and_all_text_can_be_read(browser, page, width, scheme):
    with visit(browser, page, width, scheme) as opened:
        for details in opened.page.locator("details").all():
            details.evaluate("it => it.open = true")
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(TOO_WIDE) == []
        assert opened.page.evaluate(CUT) == []
        assert opened.page.evaluate(CUT_WORDS) == []
        assert opened.page.evaluate(PALE) == []


def test_the_page_follows_the_readers_light_or_dark(browser, page):
    papers = []
    for scheme in SCHEMES:
        with visit(browser, page, scheme=scheme) as opened:
            papers.append(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_hostile_names_are_read_as_text_and_do_nothing_even_without_the_pages_own_protection(browser, unprotected):
    with visit(browser, unprotected) as opened:
        for details in opened.page.locator("details").all():
            details.evaluate("it => it.open = true")
        said = opened.page.inner_text("body")
        assert [name for name in (*HOSTILE_PRODUCTS, *HOSTILE_USERS) if name not in said] == []
        assert opened.page.locator("script, img, iframe, object, [onerror], [onload]").count() == 0
        assert did_nothing(opened)


def test_a_browser_that_finds_a_hostile_script_would_tell(browser, tmp_path):
    """The tests above rest on this: what they look for is seen when it happens."""
    file = tmp_path / "hostile.html"
    file.write_text("<img src=https://evil.example/x onerror=alert(1)>", encoding="utf-8")
    with visit(browser, file) as opened:
        opened.page.wait_for_function("document.images[0].complete")
        assert opened.requests == ["https://evil.example/x"]
        assert opened.dialogs == ["1"]
