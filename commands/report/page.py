"""The page of `activation-sync report`: one HTML file that needs no network and no script."""

import re
from collections.abc import Sequence
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from activation_sync.core.pages.charts import SHOWN_PRODUCTS, adoption_chart, drift_chart, top_products, trend_chart
from activation_sync.core.pages.svg import Chart, render
from activation_sync.core.phrases import rows_words
from commands.report import tables
from commands.report.reading import MOST_DRIFT, SHOWN_ROWS, SHOWN_RUNS, SHOWN_USERS, TenantHistory
from commands.report.words import age_words, headline

CODE = re.compile(r"`([^`]+)`")


def render_page(histories: Sequence[TenantHistory], at: datetime) -> str:
    """Every value is escaped by the template, but for charts, which escape their own."""
    environment = Environment(loader=PackageLoader("commands"), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {"drawn": _drawn, "said": _said}
    environment.globals |= {
        "age_words": age_words,
        "charts": _Charts,
        "headline": headline,
        "rows_words": rows_words,
        "shown": {"rows": SHOWN_ROWS, "drift": MOST_DRIFT, "runs": SHOWN_RUNS, "users": SHOWN_USERS},
        "tables": tables,
    }
    return environment.get_template("report.html").render(histories=histories, at=at)


class _Charts:
    """The charts of one tenant; empty where there is nothing to draw."""

    def __init__(self, history: TenantHistory) -> None:
        shown = top_products(history.counts).items()
        self.trends = [trend_chart(product, counts, history.corrected_of(product)) for product, counts in shown]
        self.is_marked = any(history.corrected_of(product) for product, _ in shown)
        self.products = len({count.product for count in history.counts})
        self.adoption = [adoption_chart(history.newest[:SHOWN_PRODUCTS])] if history.newest else []
        self.drift = [drift_chart(history.nights)] if history.nights else []


def _said(text: str) -> Markup:
    """Text of ours as HTML: `code` between backticks is shown as such."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped first


def _drawn(chart: Chart) -> Markup:
    return Markup(render(chart))  # noqa: S704  `core/svg.py` escapes what it is given
