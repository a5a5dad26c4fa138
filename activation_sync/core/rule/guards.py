"""What holds a run before any write. A guard speaks in numbers and names the remedy; a person may approve the plan.

guard            | holds
-----------------+---------------------------------------------------------------------------------------------
impossible-date  | a report of a day that has not come yet, or older than such reports
stale-report     | a report older than the newest one reconciled
report-shrank    | an empty report; one that lost more than a share of its rows
reports-disagree | user detail whose assigned users are not about as many as the counts report says
too-much-change  | a refresh date that changes by more than a share of its users (see `sizes`), or many old rows

Shares are judged from few numbers on: of three rows, one is always a third. What was settled or queued is not judged
again: it passed the guards, or a person approved it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from activation_sync.core.model import Change, Finding, KeyState, Limits, PlanInputs, Report, ReportSize
from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.decide import has_other_value
from activation_sync.core.rule.sizes import GRAPH, WAREHOUSE, Size, sizes_of
from activation_sync.errors import (
    HeldError,
    ImpossibleDateError,
    ReportsDisagreeError,
    ReportShrankError,
    StaleReportError,
    TooMuchChangeError,
)

TOO_MUCH_CHANGE, REPORT_SHRANK, STALE_REPORT = "too-much-change", "report-shrank", "stale-report"
IMPOSSIBLE_DATE, REPORTS_DISAGREE = "impossible-date", "reports-disagree"
HELD_BY: dict[str, type[HeldError]] = {
    TOO_MUCH_CHANGE: TooMuchChangeError,
    REPORT_SHRANK: ReportShrankError,
    STALE_REPORT: StaleReportError,
    IMPOSSIBLE_DATE: ImpossibleDateError,
    REPORTS_DISAGREE: ReportsDisagreeError,
}
FIRST_REPORTS = date(2010, 1, 1)  # Office 365 itself came in 2011
CLOCK_SKEW = timedelta(days=1)  # a day begins 14 hours earlier in the east than in UTC
CUT_ROWS = 100  # a page of a report that was saved as if it were the whole


def judge(inputs: PlanInputs, changes: Sequence[Change], limits: Limits) -> tuple[Finding, ...]:
    """Every guard's verdict, in a stable order; empty when the plan may be applied."""
    sizes = sorted(inputs.sizes, key=_size_order)
    return (
        *(finding for size in sizes for finding in _impossible_date(size, inputs.as_of)),
        *_stale_report(inputs),
        *(finding for size in sizes for finding in _shrunken_report(size, limits)),
        *_contradictions(inputs, limits),
        *_too_much_change(inputs, changes, limits),
    )


def date_problem(refreshed_on: date, as_of: date) -> str:
    """What is wrong with a report of this refresh date, had it been downloaded on that day; empty when nothing is."""
    if refreshed_on > as_of + CLOCK_SKEW:
        return f"it is dated {refreshed_on}, a day that has not come yet"
    return f"it is dated {refreshed_on}, when no such report existed" if refreshed_on < FIRST_REPORTS else ""


def _impossible_date(size: ReportSize, as_of: date | None) -> Iterator[Finding]:
    if as_of and (problem := date_problem(size.refreshed_on, as_of)):
        yield Finding(
            IMPOSSIBLE_DATE,
            f"the {size.report} report cannot be right: {problem}; download it again (approved, a date to come would "
            "hold the reports of every night before it)",
        )


def _stale_report(inputs: PlanInputs) -> Iterator[Finding]:
    observed_on, newest_on = inputs.observed_on, inputs.newest_reconciled_on
    if observed_on and newest_on and observed_on < newest_on:
        yield Finding(
            STALE_REPORT,
            f"the usage report is of {observed_on}, older than {newest_on}, the newest refresh date reconciled; "
            "wait for a newer report, or backfill that date on purpose",
        )


def _shrunken_report(size: ReportSize, limits: Limits) -> Iterator[Finding]:
    report, before = f"the {size.report} report of {size.refreshed_on}", size.rows_before
    if size.rows == 0:
        was = "" if before is None else f"; the one before it had {before:,}"
        yield Finding(REPORT_SHRANK, f"{report} has no rows{was}; download it again, or approve if that is true")
    elif before is not None and _is_over(before - size.rows, before, limits.max_shrink_share, limits):
        yield Finding(
            REPORT_SHRANK,
            f"{report} has {rows_words(size.rows)}, {before - size.rows:,} fewer than the one before it ({before:,}): "
            f"more than max_shrink_share = {limits.max_shrink_share:g} allows; "
            "download it again, or approve if so many licences were taken away",
        )


def _contradictions(inputs: PlanInputs, limits: Limits) -> Iterator[Finding]:
    """Judge the usage data of each date that says anything new."""
    for refreshed_on, near in sorted(inputs.reported_near.items()):
        states = [state for state in inputs.states if state.key.refreshed_on == refreshed_on]
        if any(has_other_value(state.observed, state.observed_seen) for state in states):
            ours = sum(state.observed.assigned or 0 for state in states)
            theirs = sum(counts.assigned or 0 for counts in near.counts.values())
            hint = _cut_words(inputs.sizes, refreshed_on)
            yield from _contradiction((refreshed_on, ours), (near.refreshed_on, theirs), hint, limits)


def _contradiction(detail: tuple[date, int], report: tuple[date, int], hint: str, limits: Limits) -> Iterator[Finding]:
    """Judge two sums of assigned users, each with its refresh date."""
    (detail_on, ours), (report_on, theirs) = detail, report
    apart = abs(ours - theirs)
    if apart > limits.few_users and apart > limits.max_contradiction_share * max(ours, theirs):
        yield Finding(
            REPORTS_DISAGREE,
            f"user detail of {detail_on} says {ours:,} assigned users (all products together), the counts report of "
            f"{report_on} {theirs:,}{hint}: further apart than max_contradiction_share = "
            f"{limits.max_contradiction_share:g} allows; download both again, or approve if user detail is right",
        )


def _cut_words(sizes: Iterable[ReportSize], refreshed_on: date) -> str:
    """A hint where the detail has just as many rows as a page of it that was saved for the whole."""
    detail = ReportSize(Report.USER_DETAIL, refreshed_on, CUT_ROWS)
    is_cut = any(replace(size, rows_before=None) == detail for size in sizes)
    return f"; detail of exactly {CUT_ROWS} rows is often a cut report" if is_cut else ""


def _too_much_change(inputs: PlanInputs, changes: Sequence[Change], limits: Limits) -> Iterator[Finding]:
    """Judge each side by the users of every date and, of older dates, by the rows of all of them."""
    sizes = [size for size in sizes_of(inputs, changes) if _is_too_large(size, limits)]
    newest_on = inputs.newest_reconciled_on or date.min
    old = [state for state in inputs.states if state.key.refreshed_on < newest_on and not state.agreed.is_absent]
    for side in (WAREHOUSE, GRAPH):
        yield from _large_change([size for size in sizes if size.side == side], limits)
        yield from _many_rows(side, old, changes, limits)


def _is_too_large(size: Size, limits: Limits) -> bool:
    return size.moved > limits.few_users and size.moved > limits.max_change_share * size.total


def _large_change(sizes: Sequence[Size], limits: Limits) -> Iterator[Finding]:
    """One finding a side: its largest change in numbers, and how many dates more there are."""
    if sizes:
        size = max(sizes, key=lambda size: size.moved / max(size.total, 1))
        share = f" ({size.moved / size.total:.0%})" if size.total else ""
        beside = "" if size.compared_on == size.refreshed_on else f", compared with {size.compared_on}"
        more = f" (and those of {len(sizes) - 1} more refresh dates by too much as well)" if sizes[1:] else ""
        yield Finding(
            TOO_MUCH_CHANGE,
            f"the counts of {size.refreshed_on} would change by {size.moved:,} of {size.total:,} users{share} in "
            f"{size.side}{beside}{more}: more than max_change_share = {limits.max_change_share:g} allows; "
            "look at the plan, then approve it or correct the side that is wrong",
        )


def _many_rows(side: str, old: Sequence[KeyState], changes: Sequence[Change], limits: Limits) -> Iterator[Finding]:
    """Judge the rows of older dates that were settled before and are settled otherwise now."""
    keys = {state.key for state in old}
    changed = [change for change in changes if change.key in keys and _changes_row(side, change)]
    touched = {change.key.refreshed_on for change in changed}
    existing = sum(key.refreshed_on in touched for key in keys)
    if _is_over(len(changed), existing, limits.max_change_share, limits):
        yield Finding(
            TOO_MUCH_CHANGE,
            f"{len(changed):,} of {rows_words(existing)} of older dates ({len(changed) / existing:.0%}) would change "
            f"in {side}: more than max_change_share = {limits.max_change_share:g} allows; "
            "look at the plan, then approve it or correct the side that is wrong",
        )


def _changes_row(side: str, change: Change) -> bool:
    is_changed = change.is_written if side == WAREHOUSE else change.is_pushed
    return is_changed and change.settled != change.state.agreed


def _is_over(part: int, whole: int, share: float, limits: Limits) -> bool:
    return whole > 0 and whole >= limits.min_judged_rows and part / whole > share


def _size_order(size: ReportSize) -> tuple[str, str]:
    return size.report, size.refreshed_on.isoformat()
