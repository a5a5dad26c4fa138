"""SVG as text: elements, escaping, and charts put beside each other.

Colours are attributes; each element also has a class, and CSS outranks attributes: that of a page around the chart, or
its own in a file by itself, which is dark for readers who have asked for dark pages.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import accumulate

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
PAPER = "#ffffff"
INKS = {  # class: colour on white paper, all at least 4.5:1 but the grid's
    "ink": "#1f2933",
    "quiet": "#5b6770",
    "grid": "#dfe3e8",
    "assigned": "#1f5fa8",
    "activated": "#b4500b",
}
DARK_PAPER = "#1d232a"
DARK_INKS = {  # the same on dark paper
    "ink": "#e8ecf0",
    "quiet": "#a3adb8",
    "grid": "#343c45",
    "assigned": "#82b8f2",
    "activated": "#f0a264",
}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture, in pixels. title: what it shows, for those who cannot see it; not yet escaped. body: SVG."""

    width: int
    height: int
    title: str
    body: str


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """One element around content that is SVG already. An attribute's trailing or inner `_` is dropped or a `-`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape_text(_written(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def label(text: str, x: float, y: float, ink: str = "ink", size: int = 12, **attributes: object) -> str:
    """Text at its baseline."""
    return element(
        "text", escape_text(text), x=x, y=y, class_=f"fill {ink}", fill=INKS[ink], font_size=size, **attributes
    )


def line(x1: float, y1: float, x2: float, y2: float, ink: str = "grid", **attributes: object) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=f"line {ink}", stroke=INKS[ink], **attributes)


def path(points: Sequence[tuple[float, float]], ink: str) -> str:
    """A line through points; a dot where there is but one."""
    if len(points) == 1:
        [(x, y)] = points
        return element("circle", cx=x, cy=y, r=3, class_=f"fill {ink}", fill=INKS[ink])
    drawn = " ".join(f"{_written(x)},{_written(y)}" for x, y in points)
    return element("polyline", points=drawn, fill="none", class_=f"line {ink}", stroke=INKS[ink], stroke_width=2)


def ring(x: float, y: float, ink: str, title: str) -> str:
    """A mark around a point of a line; title: what a pointer on it says."""
    said = element("title", escape_text(title))
    drawn = {"fill": "none", "stroke": INKS[ink], "stroke_width": 2}
    return element("circle", said, cx=x, cy=y, r=4.5, class_=f"line {ink}", **drawn)


def bar(x: float, y: float, width: float, height: float, ink: str, title: str = "") -> str:
    """A filled rectangle; title: what a pointer on it says."""
    said = element("title", escape_text(title)) if title else ""
    return element("rect", said, x=x, y=y, width=width, height=height, class_=f"fill {ink}", fill=INKS[ink])


def render(chart: Chart, **place: object) -> str:
    """A chart as an SVG of its own, or as a part of another one at a place."""
    paper = element("rect", width=chart.width, height=chart.height, class_="paper", fill=PAPER)
    return element(
        "svg",
        f"{element('title', escape_text(chart.title))}{paper}{chart.body}",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {chart.width} {chart.height}",
        width=chart.width,
        height=chart.height,
        role="img",
        font_family=FONT,
        **place,
    )


def render_alone(chart: Chart) -> str:
    """A chart as a file of its own, light or dark as its reader wants pages to be."""
    inks = "".join(f".fill.{ink}{{fill:{colour}}}.line.{ink}{{stroke:{colour}}}" for ink, colour in DARK_INKS.items())
    style = element("style", f"@media (prefers-color-scheme:dark){{.paper{{fill:{DARK_PAPER}}}{inks}}}")
    return render(replace(chart, body=style + chart.body))


def arrange(title: str, charts: Sequence[Chart], columns: int = 2) -> Chart:
    """Charts in rows, left to right; each row as high as its highest."""
    rows = [charts[start : start + columns] for start in range(0, len(charts), columns)]
    tops = [0, *accumulate(max(chart.height for chart in row) for row in rows)]
    widths = [0, *accumulate(chart.width for chart in max(rows, key=len))]
    placed = [
        render(chart, x=left, y=top)
        for row, top in zip(rows, tops, strict=False)
        for chart, left in zip(row, widths, strict=False)
    ]
    return Chart(widths[-1], tops[-1], title, "".join(placed))


def svg_image(svg: str, words: str) -> str:
    """An SVG as a Markdown image that holds its own bytes. words: plain, they stand where no image can be shown."""
    return f"![{words}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def escape_text(text: str) -> str:
    """Text for an element or an attribute; what XML cannot hold at all becomes a replacement character."""
    return escape(NOT_XML.sub("\ufffd", text))


def _written(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
