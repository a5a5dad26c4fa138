"""Plain words for people: how a run ended, and what to do next. Used by the command and the dashboard."""

from activation_sync.core.phrases import rows_words, short_digest
from activation_sync.core.runs.outcome import Outcome, RunSummary
from activation_sync.core.runs.report_age import report_age_days


def outcome_words(summary: RunSummary) -> str:
    """How a run ended, and what to do next, in a sentence or two."""
    return f"{_OUTCOME_WORDS[summary.outcome](summary)}{_stale_words(summary)}"


def _done_words(summary: RunSummary) -> str:
    delivery = summary.delivery
    sent = f"{delivery.acknowledged:,} of {rows_words(summary.pushed, 'update')} acknowledged by Graph"
    off = "" if delivery.is_enabled else "; write-back is switched off, so they stay pending"
    return f"Wrote {rows_words(summary.written)} to the warehouse; {sent}{off}.{_waiting_words(summary)}"


def _nothing_new_words(summary: RunSummary) -> str:
    return f"No new report: the newest is still of {summary.refreshed_on or 'no date'}.{_waiting_words(summary)}"


def _previewed_words(summary: RunSummary) -> str:
    would = f"{rows_words(summary.written)} in the warehouse and {rows_words(summary.pushed)} in Graph"
    return f"Would change {would}; nothing was written.{_waiting_words(summary)}"


def _held_words(summary: RunSummary) -> str:
    return (
        f"Held before any write: {'; '.join(summary.findings)}. Approve with --approve {short_digest(summary.digest)}."
    )


def _unsettled_words(summary: RunSummary) -> str:
    open_ends = {"conflict": summary.conflicts, "dead letter": summary.dead_letters}
    left = " and ".join(rows_words(count, noun) for noun, count in open_ends.items() if count)
    remedies = {"resolve": summary.conflicts, "retry": summary.dead_letters}
    remedy = " or ".join(f"`{command}`" for command, count in remedies.items() if count)
    return f"{_done_words(summary)} {left or 'Something'} left open: see {remedy or '`status`'}."


def _not_offered_words(summary: RunSummary) -> str:
    return (
        f"Wrote {rows_words(summary.written)} to the warehouse. This Graph does not offer the write-back resource: "
        f"pending in the outbox: {rows_words(summary.delivery.pending, 'update')}."
    )


def _failed_words(summary: RunSummary) -> str:
    return f"Failed: {summary.error or 'see the log of the run'}"


def _put_off_words(summary: RunSummary) -> str:
    until = f"{summary.put_off_until:%H:%M} UTC" if summary.put_off_until else "later"
    return f"Put off until {until}, so that other tenants need not wait: {summary.error}"


def _quarantined_words(summary: RunSummary) -> str:
    return f"Left out: {summary.error}"


def _already_done_words(summary: RunSummary) -> str:
    return f"The night of {summary.as_of} was done already; nothing was left to do."


def _waiting_words(summary: RunSummary) -> str:
    if not summary.waiting:
        return ""
    return f" {rows_words(summary.waiting)} will be sent once Graph's counts report of their date has landed."


def _stale_words(summary: RunSummary) -> str:
    if not (summary.is_stale and summary.refreshed_on):
        return ""
    return f" The report is {report_age_days(summary.refreshed_on, summary.as_of)} days old: older than it should be."


_OUTCOME_WORDS = {
    Outcome.DONE: _done_words,
    Outcome.NOTHING_NEW: _nothing_new_words,
    Outcome.PREVIEWED: _previewed_words,
    Outcome.HELD: _held_words,
    Outcome.UNSETTLED: _unsettled_words,
    Outcome.NOT_OFFERED: _not_offered_words,
    Outcome.FAILED: _failed_words,
    Outcome.PUT_OFF: _put_off_words,
    Outcome.QUARANTINED: _quarantined_words,
    Outcome.ALREADY_DONE: _already_done_words,
}
