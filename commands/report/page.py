"""The page of `activation-sync report`: one HTML file that needs no network and no script."""

from collections.abc import Sequence
from datetime import date, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from activation_sync.core.model import Measure
from activation_sync.core.pages.bi_rows import Drift
from activation_sync.core.pages.charts import (
    SHOWN_PRODUCTS,
    adoption_chart,
    drift_chart,
    share_words,
    top_products,
    trend_chart,
)
from activation_sync.core.pages.svg import Chart, render
from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.report_age import report_age_days
from commands.report.reading import SHOWN_ROWS, SHOWN_RUNS, SHOWN_USERS, TenantHistory

ABSENT = "\u2013"
PLATFORM_WORDS = {
    "windows": "Windows",
    "mac": "Mac",
    "ios": "iOS",
    "android": "Android",
    "windows_10_mobile": "Windows 10 Mobile",
}


def render_page(histories: Sequence[TenantHistory], at: datetime) -> str:
    """Every value is escaped by the template, but for charts, which escape their own."""
    environment = Environment(loader=PackageLoader("commands"), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {"users": users_words, "drawn": _drawn, "duration": duration_words, "share": share_words}
    environment.globals |= {
        "age_words": age_words,
        "charts": _Charts,
        "headline": headline,
        "platforms": PLATFORM_WORDS,
        "by_platform": by_platform,
        "drift_words": drift_words,
        "rows_words": rows_words,
        "measures": MEASURE_WORDS,
        "shown": {"rows": SHOWN_ROWS, "runs": SHOWN_RUNS, "users": SHOWN_USERS},
    }
    return environment.get_template("report.html").render(histories=histories, at=at)


class _Charts:
    """The charts of one tenant; empty where there is nothing to draw."""

    def __init__(self, history: TenantHistory) -> None:
        shown = top_products(history.counts).items()
        self.trends = [trend_chart(product, counts) for product, counts in shown]
        self.products = len({count.product for count in history.counts})
        self.adoption = [adoption_chart(history.newest[:SHOWN_PRODUCTS])] if history.newest else []
        self.drift = [drift_chart(history.nights)] if history.nights else []


def headline(history: TenantHistory) -> str:
    """The newest refresh date in a sentence."""
    known = [count for count in history.newest if count.assigned is not None and count.activated is not None]
    assigned = sum(count.assigned or 0 for count in known)
    activated = sum(count.activated or 0 for count in known)
    licences = f"{rows_words(activated, 'licence')} activated of {assigned:,} assigned"
    share = f" ({100 * activated / assigned:.0f} %)" if assigned else ""
    return f"{licences}{share}, in {rows_words(len(known), 'product')}."


def age_words(refreshed_on: date, at: datetime) -> str:
    """How old a report is on the day of the page."""
    age = report_age_days(refreshed_on, at.date())
    return "today" if age == 0 else f"{rows_words(age, 'day')} old"


def users_words(count: int | None) -> str:
    return ABSENT if count is None else f"{count:,}"


def duration_words(seconds: float | None) -> str:
    """`4 s`, `3 min 20 s`."""
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def by_platform(history: TenantHistory) -> dict[str, dict[str, int | None]]:
    """Activations of each product by platform."""
    table: dict[str, dict[str, int | None]] = {}
    for count in history.platforms:
        table.setdefault(count.product, {})[count.platform] = count.activations
    return table


def drift_words(drift: Drift) -> str:
    """What differs, `assigned 12 here, 10 in Graph`; or why that is not known."""
    if drift.state == "in doubt":
        return "a PATCH left and its outcome is not known"
    if drift.state == "unknown":
        return "Graph's counts report of this date has not landed"
    parts = [
        f"{MEASURE_WORDS[measure]} {ours:,} here, {users_words(theirs)} in Graph"
        for measure in Measure
        if (ours := getattr(drift, f"warehouse_{measure}")) is not None
        and ours != (theirs := getattr(drift, f"published_{measure}"))
    ]
    return "; ".join(parts)


def _drawn(chart: Chart) -> Markup:
    return Markup(render(chart))  # noqa: S704  `core/svg.py` escapes what it is given
