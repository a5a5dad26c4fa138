"""What holds a run before any write. A guard speaks in numbers and names the remedy; a person may approve the plan.

Shares are judged from `min_judged_rows` rows on: of three rows, one is always a third. An empty report is always held.
"""

from collections.abc import Iterable, Iterator, Sequence

from activation_sync.core.model import Change, Finding, KeyState, Limits, PlanInputs, ReportSize
from activation_sync.core.rule.decide import has_other_value, published_counts
from activation_sync.errors import HeldError, ReportShrankError, StaleReportError, TooMuchChangeError

TOO_MUCH_CHANGE, REPORT_SHRANK, STALE_REPORT = "too-much-change", "report-shrank", "stale-report"
HELD_BY: dict[str, type[HeldError]] = {
    TOO_MUCH_CHANGE: TooMuchChangeError,
    REPORT_SHRANK: ReportShrankError,
    STALE_REPORT: StaleReportError,
}


def judge(inputs: PlanInputs, changes: Sequence[Change], limits: Limits) -> tuple[Finding, ...]:
    """Every guard's verdict, in a stable order; empty when the plan may be applied."""
    return (
        *_stale_report(inputs),
        *(finding for size in sorted(inputs.sizes, key=_size_order) for finding in _shrunken_report(size, limits)),
        *_too_much_change(inputs.states, changes, limits),
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
            f"{report} has {size.rows:,} rows, {before - size.rows:,} fewer than the one before it ({before:,}): "
            f"more than max_shrink_share = {limits.max_shrink_share:g} allows; "
            "download it again, or approve if so many licences were taken away",
        )


def _too_much_change(states: Sequence[KeyState], changes: Sequence[Change], limits: Limits) -> Iterator[Finding]:
    """Judge each side: its existing rows on the refresh dates that the plan touches."""
    touched = {change.key.refreshed_on for change in changes if change.is_written or change.is_pushed}
    near = [state for state in states if state.key.refreshed_on in touched]
    written = (c for c in changes if c.is_written and not c.state.warehouse.is_absent)
    sent = (c for c in changes if c.is_pushed and not c.published.is_absent and has_other_value(c.settled, c.published))
    yield from _side_finding("warehouse", written, sum(not s.warehouse.is_absent for s in near), limits)
    yield from _side_finding("Graph", sent, sum(not published_counts(s).is_absent for s in near), limits)


def _side_finding(side: str, changes: Iterable[Change], existing: int, limits: Limits) -> Iterator[Finding]:
    changed = sum(1 for _ in changes)
    if _is_over(changed, existing, limits.max_change_share, limits):
        yield Finding(
            TOO_MUCH_CHANGE,
            f"{changed:,} of {existing:,} existing rows ({changed / existing:.0%}) would change in {side}: "
            f"more than max_change_share = {limits.max_change_share:g} allows; "
            "look at the plan, then approve it or correct the side that is wrong",
        )


def _is_over(part: int, whole: int, share: float, limits: Limits) -> bool:
    return whole > 0 and whole >= limits.min_judged_rows and part / whole > share


def _size_order(size: ReportSize) -> tuple[str, str]:
    return size.report, size.refreshed_on.isoformat()
