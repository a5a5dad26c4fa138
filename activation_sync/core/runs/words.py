"""How a run of each outcome ended, in a sentence or two; `outcome.py` says which words belong to which outcome."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from activation_sync.core.phrases import rows_words, short_digest
from activation_sync.core.runs.report_age import report_age_days

if TYPE_CHECKING:
    from activation_sync.core.runs.summary import RunSummary

NAMED = 5  # rows at most; a ledger has them all


def done(summary: "RunSummary") -> str:
    delivery = summary.delivery
    sent = f"{delivery.acknowledged:,} of {rows_words(summary.plan.pushed, 'update')} acknowledged by Graph"
    off = "" if delivery.is_enabled else "; write-back is switched off, so they stay pending"
    return f"Wrote {rows_words(summary.plan.written)} to the warehouse; {sent}{off}.{_waiting_words(summary)}"


def nothing_new(summary: "RunSummary") -> str:
    return (
        f"No new report: the newest is still that of {summary.plan.observed_on or 'no date'}.{_waiting_words(summary)}"
    )


def previewed(summary: "RunSummary") -> str:
    would = f"{rows_words(summary.plan.written)} in the warehouse and {rows_words(summary.plan.pushed)} in Graph"
    return f"Would change {would}; nothing was written.{_waiting_words(summary)}"


def held(summary: "RunSummary") -> str:
    why, digest = "; ".join(summary.plan.findings), short_digest(summary.plan.digest)
    return f"Held before any write: {why}. Approve with --approve {digest}."


def unsettled(summary: "RunSummary") -> str:
    open_ends = {"conflict": summary.plan.conflicts, "dead letter": summary.dead_letters}
    left = " and ".join(rows_words(count, noun) for noun, count in open_ends.items() if count)
    remedies = {"resolve": summary.plan.conflicts, "retry": summary.dead_letters}
    remedy = " or ".join(f"`{command}`" for command, count in remedies.items() if count)
    if left_over := left_over_words(summary.delivery.left_over):
        return f"{done(summary)} {f'{left} left open: see {remedy}. ' if left else ''}{left_over}"
    return f"{done(summary)} {left or 'Something'} left open: see {remedy or '`status`'}."


def left_over_words(left_over: Sequence[str]) -> str:
    """The rows that another client changed in Graph while the run sent them; empty when there are none."""
    if not left_over:
        return ""
    named = ", ".join(left_over[:NAMED])
    more = f" and {len(left_over) - NAMED:,} more" if len(left_over) > NAMED else ""
    rows, them = rows_words(len(left_over)), "it" if len(left_over) == 1 else "them"
    return (
        f"Left {rows} as Graph has {them}, because somebody else changed {them} there: {named}{more}. "
        "The next run compares again and decides; `why` shows what Graph holds."
    )


def not_offered(summary: "RunSummary") -> str:
    return (
        f"Wrote {rows_words(summary.plan.written)} to the warehouse. This Graph does not offer the write-back "
        f"resource: pending in the outbox: {rows_words(summary.delivery.pending, 'update')}."
    )


def failed(summary: "RunSummary") -> str:
    return f"Failed: {summary.error or 'see the log of the run'}"


def put_off(summary: "RunSummary") -> str:
    until = f"{summary.put_off_until:%H:%M} UTC" if summary.put_off_until else "later"
    return f"Put off until {until}, so that other tenants need not wait: {summary.error}"


def quarantined(summary: "RunSummary") -> str:
    return f"Left out: {summary.error}"


def was_done(summary: "RunSummary") -> str:
    return f"The night of {summary.as_of} was done already; nothing was left to do."


def _waiting_words(summary: "RunSummary") -> str:
    if not summary.plan.waiting:
        return ""
    return f" {rows_words(summary.plan.waiting)} wait for Graph's counts report of their date."


def stale_words(summary: "RunSummary") -> str:
    """What is added when the report is old, whatever the outcome."""
    refreshed_on = summary.plan.observed_on
    if not (summary.is_stale and refreshed_on):
        return ""
    return f" The report is {report_age_days(refreshed_on, summary.as_of)} days old: older than it should be."


def left_out_words(summary: "RunSummary") -> str:
    """What is added when the night did without a report, whatever the outcome."""
    return f" Went on without a report: {' '.join(summary.left_out)}" if summary.left_out else ""
