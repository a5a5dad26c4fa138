"""The page's tables as text: what stands in each cell, and of which kind it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from activation_sync.core.model import Measure
from activation_sync.core.pages.bi_rows import (
    DailyCount,
    Drift,
    OpenConflictRow,
    OpenDeadLetter,
    Restatement,
    RunHealth,
)
from activation_sync.core.pages.charts import share_words
from activation_sync.core.pages.unused_licences import NeverActivated, PlatformCount, UserOfProduct
from activation_sync.core.phrases import dates_words
from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.standing import in_order
from commands.report.reading import SHOWN_ROWS, TenantHistory
from commands.report.words import (
    ABSENT,
    activated_words,
    age_words,
    drift_words,
    duration_words,
    moved_words,
    users_words,
)

NARROW = 4  # columns that fit a phone side by side
DATES = "dates"
PRODUCT, REFRESH_DATE = ("Product", "name"), ("Refresh date", "day")
PLATFORM_WORDS = {
    "windows": "Windows",
    "mac": "Mac",
    "ios": "iOS",
    "android": "Android",
    "windows_10_mobile": "Windows 10 Mobile",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """kind: a class of the style sheet, beside that of the column. link: where it leads, on this page."""

    text: str
    kind: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """note: a sentence below the cells, as wide as the table."""

    cells: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """columns: the heading and kind of each: `name` wraps anywhere, `n` is a number, `day` never wraps, `dates` do
    between one and the next.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]

    @property
    def is_wide(self) -> bool:
        """On a phone, each of its rows becomes lines of headings and values."""
        return len(self.columns) > NARROW or DATES in dict(self.columns).values()


def overview_table(histories: Iterable[TenantHistory], at: datetime) -> Table:
    """A row a tenant, the most pressing first."""
    by_tenant = {history.tenant: history for history in histories}
    standings = in_order([history.standing for history in by_tenant.values()])
    columns = (
        ("Tenant", "name"),
        ("Condition", "state"),
        ("Since", "day"),
        ("Newest report", ""),
        ("Licences activated", ""),
    )
    rows = []
    for standing in standings:
        newest = by_tenant[standing.tenant].newest
        cells = [
            Cell(standing.tenant, link=standing.tenant),
            Cell(standing.condition, kind="bad" if standing.condition.is_pressing else "good"),
            standing.since,
            age_words(newest[0].refreshed_on, at) if newest else None,
            activated_words(newest) if newest else "nothing in the warehouse yet",
        ]
        note = " ".join(filter(None, (standing.why, standing.remedy))) if standing.condition.is_pressing else ""
        rows.append(_row(*cells, note=note))
    return Table(columns, tuple(rows))


def adoption_table(newest: Sequence[DailyCount], corrected: frozenset[tuple[date, str, str]]) -> Table:
    """A star is beside each value that a person settled."""

    def users(count: DailyCount, measure: str) -> str:
        star = "*" if (count.refreshed_on, count.product, measure) in corrected else ""
        return f"{users_words(getattr(count, measure))}{star}"

    return _table(
        (PRODUCT, ("Assigned", "n"), ("Activated", "n"), ("Share", "n")),
        (
            (count.product, users(count, Measure.ASSIGNED), users(count, Measure.ACTIVATED), share_words(count))
            for count in newest
        ),
    )


def never_activated_table(rows: Iterable[NeverActivated]) -> Table:
    return _table(
        (PRODUCT, ("Assigned", "n"), ("Never activated", "n"), ("Share", "n")),
        (
            (row.product, row.assigned, row.never_activated, f"{100 * row.never_activated / row.assigned:.0f} %")
            for row in sorted(rows, key=lambda row: -row.never_activated)
        ),
    )


def users_table(users: Iterable[UserOfProduct]) -> Table:
    columns = ("Name", "name"), ("User principal name", "name")
    return _table(columns, ((user.display_name or "", user.user_principal_name) for user in users))


def surplus_table(surplus: Iterable[DailyCount]) -> Table:
    return _table(
        (PRODUCT, ("Assigned", "n"), ("Activated", "n"), ("More activated", "n")),
        (
            (count.product, count.assigned, count.activated, (count.activated or 0) - (count.assigned or 0))
            for count in surplus
        ),
    )


def shared_table(newest: Iterable[DailyCount]) -> Table:
    columns = PRODUCT, ("Activated users", "n"), ("On shared computers", "n")
    return _table(columns, ((count.product, count.activated, count.shared_computer_activation) for count in newest))


def platforms_table(counts: Iterable[PlatformCount]) -> Table:
    """Activations of each product by platform."""
    by_product: dict[str, dict[str, int | None]] = {}
    for count in counts:
        by_product.setdefault(count.product, {})[count.platform] = count.activations
    return _table(
        (PRODUCT, *((words, "n") for words in PLATFORM_WORDS.values())),
        ((product, *(found.get(platform) for platform in PLATFORM_WORDS)) for product, found in by_product.items()),
    )


def drift_table(rows: Iterable[Drift]) -> Table:
    """Refresh dates on which the same differs of the same product are one row."""
    alike: dict[tuple[str, str, str], list[date]] = {}
    for row in rows:
        alike.setdefault((row.product, row.state, drift_words(row)), []).append(row.refreshed_on)
    return _table(
        (("Refresh dates", DATES), PRODUCT, ("State", ""), ("What differs", "")),
        [(dates_words(dates), *what) for what, dates in alike.items()][:SHOWN_ROWS],
    )


def restatements_table(rows: Iterable[Restatement]) -> Table:
    return _table(
        (
            *(REFRESH_DATE, ("Report", ""), PRODUCT),
            *((words.capitalize(), "n") for words in MEASURE_WORDS.values()),
            ("Versions", "n"),
        ),
        (
            (
                *(row.refreshed_on, row.report, row.product),
                *(moved_words(getattr(row, f"first_{one}"), getattr(row, f"newest_{one}")) for one in Measure),
                row.versions,
            )
            for row in rows
        ),
    )


def conflicts_table(rows: Iterable[OpenConflictRow]) -> Table:
    return _table(
        (REFRESH_DATE, PRODUCT, ("Measure", ""), ("Agreed", "n"), ("Usage data", "n"), ("Warehouse", "n")),
        (
            (
                row.refreshed_on,
                row.product,
                MEASURE_WORDS[Measure(row.measure)],
                row.agreed,
                row.observed,
                row.warehouse,
            )
            for row in rows
        ),
    )


def dead_letters_table(rows: Iterable[OpenDeadLetter]) -> Table:
    return _table(
        (REFRESH_DATE, PRODUCT, ("Status", "n"), ("Graph's answer", "name"), ("Since (UTC)", "day")),
        ((row.refreshed_on, row.product, row.status, row.answer, _minute(row.refused_at)) for row in rows),
    )


def runs_table(runs: Iterable[RunHealth]) -> Table:
    columns = (
        *(("Night", "day"), ("Run", ""), ("Outcome", "state"), ("Report of", "day"), ("Age", "n"), ("Took", "n")),
        *(("Written", "n"), ("Planned", "n"), ("Acknowledged", "n"), ("Pending", "n")),
    )
    return Table(columns, tuple(_run_row(run) for run in runs))


def _run_row(run: RunHealth) -> Row:
    outcome = Cell(run.outcome or "running, or killed", kind=run.outcome or "open")
    age = None if run.report_age_days is None else f"{run.report_age_days} d"
    seen = Cell(f"{age} stale", kind="bad") if run.is_stale else age
    did = duration_words(run.duration_s), run.written, run.pushed, run.acknowledged, run.pending
    return _row(run.as_of, run.kind, outcome, run.refreshed_on, seen, *did, note=run.error or "")


def _table(columns: tuple[tuple[str, str], ...], rows: Iterable[Sequence[object]]) -> Table:
    return Table(columns, tuple(_row(*row) for row in rows))


def _row(*values: object, note: str = "") -> Row:
    return Row(tuple(value if isinstance(value, Cell) else Cell(_text(value)) for value in values), note)


def _text(value: object) -> str:
    if value is None:
        return ABSENT
    return users_words(value) if isinstance(value, int) else str(value)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
