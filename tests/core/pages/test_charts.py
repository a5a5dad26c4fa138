"""Charts are SVG that any reader takes, with the right numbers at the right height, whatever products are called."""

import base64
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.pages.bi_rows import DailyCount, NightlyDrift
from activation_sync.core.pages.charts import adoption_chart, compact, drift_chart, nice_top, top_products, trend_chart
from activation_sync.core.pages.plan_view import run_markdown
from activation_sync.core.pages.svg import (
    DARK_INKS,
    DARK_PAPER,
    INKS,
    PAPER,
    Chart,
    arrange,
    render,
    render_alone,
    svg_image,
)
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary, outcome_words

DAY = date(2026, 11, 1)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=HYPERLINK(1)",
    "A & B",
    "\x00\x1b\ud800",
    "]]>",
]


def count(assigned: int | None = 10, activated: int | None = 8, days: int = 0, product: str = "APPS") -> DailyCount:
    share = activated / assigned if assigned and activated is not None else None
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return DailyCount("contoso", DAY + timedelta(days), product, assigned, activated, 1, share, at, "job")


def night(rows: int, days: int = 0) -> NightlyDrift:
    return NightlyDrift("contoso", DAY + timedelta(days), rows, rows, 0, 0)


def parsed(chart: Chart) -> ET.Element:
    return ET.fromstring(render(chart))  # noqa: S314  our own


def texts(chart: Chart) -> list[str]:
    return [element.text or "" for element in parsed(chart).iter(f"{SVG}text")]


def lines(chart: Chart, ink: str) -> list[list[tuple[float, float]]]:
    found = parsed(chart).findall(f".//{SVG}polyline[@class='line {ink}']")
    return [[tuple(map(float, point.split(","))) for point in line.get("points", "").split()] for line in found]


def test_the_newest_counts_stand_beside_their_lines():
    chart = trend_chart("APPS", [count(1000, 800), count(1234, 900, days=9)])
    assert {"1,234 assigned", "900 activated", "2026-11-01", "2026-11-10", "users", "refresh date"} <= {*texts(chart)}
    assert chart.title == "APPS, 2026-11-01 to 2026-11-10: now assigned 1,234, activated 900"


def test_a_line_runs_at_the_height_of_its_counts_from_zero():
    chart = trend_chart("APPS", [count(0, 0), count(50, 100, days=1)])
    [[start, end]] = lines(chart, "assigned")
    [[_, top]] = lines(chart, "activated")
    assert start[1] - end[1] == pytest.approx((start[1] - top[1]) / 2, abs=0.1)
    assert texts(chart)[2:5] == ["0", "50", "100"]


def test_what_is_not_known_is_a_gap_and_never_a_zero():
    chart = trend_chart("APPS", [count(days=0), count(days=1), count(None, 8, days=2), count(days=3), count(days=4)])
    assert [len(points) for points in lines(chart, "assigned")] == [2, 2]
    assert [len(points) for points in lines(chart, "activated")] == [5]


def test_dates_without_a_report_keep_their_distance():
    [[first, second, third]] = lines(trend_chart("APPS", [count(), count(days=1), count(days=10)]), "assigned")
    assert third[0] - first[0] == pytest.approx(10 * (second[0] - first[0]), abs=0.5)


def test_a_single_date_is_a_dot():
    assert len(parsed(trend_chart("APPS", [count()])).findall(f".//{SVG}circle")) == 2


def test_labels_of_lines_that_meet_do_not_cover_each_other():
    found = parsed(trend_chart("APPS", [count(10, 10), count(10, 10, days=1)])).findall(
        f".//{SVG}text[@font-weight='600']"
    )
    heights = [float(label.get("y", 0)) for label in found if label.text in ("10 assigned", "10 activated")]
    assert abs(heights[0] - heights[1]) >= 12


def test_a_night_is_a_bar_and_a_night_without_drift_still_leaves_a_mark():
    chart = drift_chart([night(4), night(0, 1), night(2, 2)])
    bars = parsed(chart).findall(f".//{SVG}rect[@class='fill assigned']")
    high, none, half = (float(bar.get("height", 0)) for bar in bars)
    assert (half, none) == (pytest.approx(high / 2), 1)
    assert bars[0].findtext(f"{SVG}title") == "2026-11-01: 4 rows"
    assert {"rows", "night", "2 last night"} <= {*texts(chart)}


def test_adoption_share_is_a_bar_up_to_the_mark_of_100_percent_and_beyond_it():
    chart = adoption_chart([count(10, 5, product="HALF"), count(10, 15, product="MORE"), count(0, 1, product="NONE")])
    half, more, none = (
        float(bar.get("width", 0)) for bar in parsed(chart).findall(f".//{SVG}rect[@class='fill activated']")
    )
    assert (half * 3, none) == (pytest.approx(more, abs=0.2), 1)
    assert {"50 %", "5 of 10", "150 %", "15 of 10", "nobody assigned", "100 %"} <= {*texts(chart)}


def test_the_largest_products_come_first_and_the_rest_is_left_out():
    counts = [count(assigned, product=f"P{assigned}", days=day) for assigned in range(12) for day in (1, 0)]
    shown = top_products([*counts, count(None, 1, product="UNKNOWN", days=5)])
    assert list(shown) == [f"P{assigned}" for assigned in range(11, 3, -1)]
    assert [row.refreshed_on.day for row in shown["P11"]] == [1, 2]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_product_name_stays_text(name):
    charts = [trend_chart(name, [count(product=name)]), adoption_chart([count(product=name)])]
    tree = parsed(arrange(name, charts))
    shown = {element.tag.removeprefix(SVG) for element in tree.iter()}
    assert shown <= {"svg", "title", "rect", "text", "line", "circle", "polyline"}
    assert tree.findtext(f"{SVG}title") == re.sub(r"[\x00\x1b\ud800]", "\ufffd", name)


@given(st.lists(st.tuples(st.none() | st.integers(0, 10**7), st.none() | st.integers(0, 10**7)), min_size=1), st.text())
def test_any_history_is_a_picture_within_its_frame(history, name):
    chart = trend_chart(name, [count(*users, days=day) for day, users in enumerate(history)])
    drawn = [point for ink in ("assigned", "activated") for points in lines(chart, ink) for point in points]
    assert all(0 <= x <= chart.width and 40 <= y <= chart.height for x, y in drawn)


@given(st.integers(0, 10**9))
def test_an_axis_ends_just_above_the_highest_value_with_a_number_in_its_middle(highest):
    top = nice_top(highest)
    assert highest <= top <= max(2, 2 * highest)
    assert top % 2 == 0


@pytest.mark.parametrize(("number", "shown"), [(0, "0"), (950, "950"), (12_000, "12k"), (1_500_000, "1.5M")])
def test_a_tick_is_short(number, shown):
    assert compact(number) == shown


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = ((c / 12.92) if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ink", sorted(INKS.keys() - {"grid"}))
def test_every_ink_can_be_read_on_its_own_paper_light_and_dark(ink):
    assert (luminance(PAPER) + 0.05) / (luminance(INKS[ink]) + 0.05) >= 4.5
    assert (luminance(DARK_INKS[ink]) + 0.05) / (luminance(DARK_PAPER) + 0.05) >= 4.5
    assert render(Chart(9, 9, "", "")).count(PAPER) == 1


def test_a_chart_alone_is_dark_for_readers_of_dark_pages():
    style = ET.fromstring(render_alone(Chart(9, 9, "", ""))).findtext(f"{SVG}style") or ""  # noqa: S314  our own
    assert style.startswith("@media (prefers-color-scheme:dark)")
    assert DARK_INKS.keys() == INKS.keys()
    assert all(colour in style for colour in (DARK_PAPER, *DARK_INKS.values()))


def test_what_a_person_corrected_is_marked_on_its_own_line_and_nowhere_else():
    counts = [count(10, 8), count(12, 8, days=1)]
    chart = trend_chart("APPS", counts, {(DAY + timedelta(days=1), "assigned"), (DAY, "shared_computer_activation")})
    [mark] = parsed(chart).findall(f".//{SVG}circle")
    [[_, newest]] = lines(chart, "assigned")
    assert (float(mark.get("cx", 0)), float(mark.get("cy", 0))) == pytest.approx(newest, abs=0.1)
    assert mark.findtext(f"{SVG}title") == "2026-11-02: assigned corrected to 12"


def test_a_large_number_beside_its_line_is_rounded_so_that_it_stays_within_the_picture():
    assert {"1.23M assigned", "99,999 activated"} <= {*texts(trend_chart("APPS", [count(1_234_567, 99_999)]))}


def test_a_runs_page_begins_with_its_charts_and_leaves_its_outcome_to_what_stands_above_it():
    page = run_markdown(_summary(), [count()], [night(1)])
    assert page.index("data:image") < page.index("| outcome | done |")
    assert outcome_words(_summary()) not in page


def test_a_runs_page_holds_its_charts_as_images_that_need_no_network():
    counts = [count(10 + day, 8, day, f"PRODUCT {nth}") for nth in range(10) for day in range(90)]
    page = run_markdown(_summary(), counts, [night(day % 7, day) for day in range(90)])
    images = re.findall(r"!\[([^\]]*)\]\(data:image/svg\+xml;base64,([^)]+)\)", page)
    assert [words for words, _ in images] == [
        "Trend of assigned and activated users",
        "Adoption share",
        "Drift before the delivery of each night",
    ]
    trees = [ET.fromstring(base64.b64decode(image)) for _, image in images]  # noqa: S314  our own
    assert len(trees[0].findall(f"{SVG}svg")) == 8
    assert len(page) < 80_000


def test_a_runs_page_without_history_has_no_charts():
    assert "data:image" not in run_markdown(_summary())


def test_an_image_gives_back_the_very_svg():
    svg = render(trend_chart("Ä <&>", [count()]))
    assert base64.b64decode(svg_image(svg, "x").split(",")[1].removesuffix(")")).decode() == svg


def test_a_count_that_is_unknown_at_the_end_is_said_to_be_not_reported():
    assert trend_chart("APPS", [replace(count(), assigned=None)]).title.endswith("assigned not reported, activated 8")


def _summary() -> RunSummary:
    return RunSummary(PlanView("contoso"), "r1", DAY, Outcome.DONE)
