"""The three charts of a tenant's history: trend, drift and adoption share. Sizes are pixels."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from activation_sync.core.pages.bi_rows import DailyCount, NightlyDrift
from activation_sync.core.pages.svg import Chart, bar, label, line, path, ring
from activation_sync.core.phrases import rows_words

WIDTH, HEIGHT = 400, 198
LEFT, RIGHT, TOP, BOTTOM = 44, 276, 44, 158  # of the plot; the lines' own labels stand to its right
SHOWN_PRODUCTS = 8
NAME_CHARS = 40
MARGIN = 12
LABEL_GAP = 14
LONGEST_LABEL = 99_999  # above, a number beside its line is rounded, so that it stays within the picture
ROW_HEIGHT = 36
FULL = 1.0

Series = list[tuple[date, int | None]]
Corrected = Collection[tuple[date, str]]


def top_products(counts: Iterable[DailyCount], limit: int = SHOWN_PRODUCTS) -> dict[str, list[DailyCount]]:
    """The products with the most assigned users when last reported, largest first, each with its history in order."""
    by_product: dict[str, list[DailyCount]] = defaultdict(list)
    for count in sorted(counts, key=lambda count: count.refreshed_on):
        by_product[count.product].append(count)
    largest = sorted(by_product.items(), key=lambda item: (-(item[1][-1].assigned or 0), item[0]))
    return dict(largest[:limit])


def newest_counts(counts: Sequence[DailyCount]) -> list[DailyCount]:
    """The products of the newest refresh date, those with the most assigned users first."""
    newest_on = max((count.refreshed_on for count in counts), default=None)
    newest = [count for count in counts if count.refreshed_on == newest_on]
    return sorted(newest, key=lambda count: (-(count.assigned or 0), count.product))


def trend_chart(product: str, counts: Sequence[DailyCount], corrected: Corrected = ()) -> Chart:
    """Assigned and activated users of one product over refresh dates, oldest first; at least one.

    corrected: refresh dates and measures on which a person's value stands; their points are marked.
    """
    lines: dict[str, Series] = {
        "assigned": [(count.refreshed_on, count.assigned) for count in counts],
        "activated": [(count.refreshed_on, count.activated) for count in counts],
    }
    highest = nice_top(max((users or 0 for series in lines.values() for _, users in series), default=0))
    days = (counts[0].refreshed_on, counts[-1].refreshed_on)
    drawn = (path(points, ink) for ink, series in lines.items() for points in _unbroken(series, days, highest))
    marks = _marks(lines, corrected, days, highest)
    last = {ink: series[-1][1] for ink, series in lines.items()}
    said = ", ".join(f"{name} {_said(users)}" for name, users in last.items())
    frame = _frame(days, highest, "refresh date")
    body = (_heading(product, "users"), frame, *drawn, *marks, *_end_labels(last, highest))
    return Chart(WIDTH, HEIGHT, f"{product}, {days[0]} to {days[1]}: now {said}", "".join(body))


def drift_chart(nights: Sequence[NightlyDrift]) -> Chart:
    """In how many rows Graph differed from what was settled, a bar a night, oldest first; at least one."""
    highest = nice_top(max(night.rows_apart for night in nights))
    days = (nights[0].as_of, nights[-1].as_of)
    width = min(24.0, max(1.5, 0.7 * (RIGHT - LEFT) / ((days[1] - days[0]).days + 1)))
    bars = (_night_bar(night, days, highest, width) for night in nights)
    last = nights[-1]
    said = label(f"{compact(last.rows_apart)} last night", RIGHT + 8, _y(last.rows_apart, highest) + 4, "assigned")
    body = (_heading("Rows in which Graph differed", "rows"), _frame(days, highest, "night"), *bars, said)
    total = sum(night.rows_apart > 0 for night in nights)
    title = f"Drift, {days[0]} to {days[1]}: Graph differed in {total} of {rows_words(len(nights), 'night')}"
    return Chart(WIDTH, HEIGHT, title, "".join(body))


def adoption_chart(counts: Sequence[DailyCount]) -> Chart:
    """Which share of the assigned users of each product has activated."""
    widest = max([FULL, *(count.adoption_share or 0 for count in counts)])
    full_at = MARGIN + (RIGHT - MARGIN) / widest
    height = TOP + ROW_HEIGHT * len(counts) + 8
    tops = [TOP + ROW_HEIGHT * nth for nth in range(len(counts))]
    rows = (_share_row(count, top, widest) for count, top in zip(counts, tops, strict=True))
    marks = (line(full_at, top + 13, full_at, top + 30, "ink") for top in tops)
    at_full = label("100 %", full_at, TOP - 2, "quiet", text_anchor="middle")
    body = (_heading("Adoption share", "activated of assigned users, %"), *rows, *marks, at_full)
    return Chart(WIDTH, height, f"Adoption share of {rows_words(len(counts), 'product')}", "".join(body))


def nice_top(highest: int) -> int:
    """The end of an axis that starts at 0: just above the highest value, and even, so that its middle is a number."""
    power = 1
    while True:
        for step in (2, 4, 6, 8, 10):
            if highest <= step * power:
                return step * power
        power *= 10


def share_words(count: DailyCount) -> str:
    """`83 %`, or why there is no share."""
    if count.adoption_share is None:
        return "nobody assigned" if count.assigned == 0 else "not known"
    return f"{100 * count.adoption_share:.0f} %"


def compact(number: int) -> str:
    """A tick's number in at most five characters: 950, 12k, 1.5M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def _said(users: int | None) -> str:
    return "not reported" if users is None else f"{users:,}"


def _cut(name: str) -> str:
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}\u2026"


def _heading(name: str, unit: str) -> str:
    return label(_cut(name), MARGIN, 18, size=13, font_weight=600) + label(unit, MARGIN, 33, "quiet")


def _frame(days: tuple[date, date], highest: int, what: str) -> str:
    """Three grid lines with their numbers, the first and last day, and what the days are."""
    grid = (line(LEFT, _y(value, highest), RIGHT, _y(value, highest)) for value in (0, highest // 2, highest))
    ticks = (
        label(compact(value), LEFT - 6, _y(value, highest) + 4, "quiet", text_anchor="end")
        for value in (0, highest // 2, highest)
    )
    first, last = (day.isoformat() for day in days)
    below, middle = BOTTOM + 16, (LEFT + RIGHT) / 2
    ends = [(first, LEFT, "start"), (last, RIGHT, "end")] if first != last else [(first, middle, "middle")]
    dates = (label(day, x, below, "quiet", text_anchor=anchor) for day, x, anchor in ends)
    return "".join((*grid, *ticks, *dates, label(what, middle, below + 14, "quiet", text_anchor="middle")))


def _unbroken(series: Series, days: tuple[date, date], highest: int) -> Iterator[list[tuple[float, float]]]:
    """Runs of points without an absent value between them: what is not known is a gap, never a line."""
    run: list[tuple[float, float]] = []
    for day, users in [*series, (days[1], None)]:
        if users is not None:
            run.append((_x(day, days), _y(users, highest)))
        elif run:
            yield run
            run = []


def _marks(lines: dict[str, Series], corrected: Corrected, days: tuple[date, date], highest: int) -> Iterator[str]:
    for measure, series in lines.items():
        for day, users in series:
            if users is not None and (day, measure) in corrected:
                title = f"{day}: {measure} corrected to {users:,}"
                yield ring(_x(day, days), _y(users, highest), measure, title)


def _end_labels(last: dict[str, int | None], highest: int) -> Iterator[str]:
    """The newest values beside the ends of their lines, kept apart where the lines meet."""
    known = {ink: _y(users, highest) for ink, users in last.items() if users is not None}
    top = min(known.values(), default=0.0)
    for nth, (ink, y) in enumerate(sorted(known.items(), key=lambda item: item[1])):
        users = last[ink] or 0
        number = f"{users:,}" if users <= LONGEST_LABEL else compact(users)
        yield label(f"{number} {ink}", RIGHT + 8, max(y, top + nth * LABEL_GAP) + 4, ink, font_weight=600)


def _night_bar(night: NightlyDrift, days: tuple[date, date], highest: int, width: float) -> str:
    """A night without drift still leaves a mark, so that it is not taken for a night without a run."""
    height = max(1.0, BOTTOM - _y(night.rows_apart, highest))
    left = _x(night.as_of, days, margin=width / 2) - width / 2
    return bar(left, BOTTOM - height, width, height, "assigned", f"{night.as_of}: {rows_words(night.rows_apart)}")


def _share_row(count: DailyCount, top: float, widest: float) -> str:
    share, users = share_words(count), f"{_said(count.activated)} of {_said(count.assigned)}"
    length = (RIGHT - MARGIN) * (count.adoption_share or 0) / widest
    return "".join(
        (
            label(_cut(count.product), MARGIN, top + 11),
            label(share, WIDTH - MARGIN, top + 11, font_weight=600, text_anchor="end"),
            bar(MARGIN, top + 16, max(1.0, length), 11, "activated", f"{share}: {users}"),
            label(users, WIDTH - MARGIN, top + 26, "quiet", 11, text_anchor="end"),
        )
    )


def _x(day: date, days: tuple[date, date], margin: float = 0.0) -> float:
    """Days at their true distance; a single one in the middle."""
    span = (days[1] - days[0]).days
    share = (day - days[0]).days / span if span else 0.5
    return LEFT + margin + share * (RIGHT - LEFT - 2 * margin)


def _y(users: int, highest: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * users / highest
