"""Plain words for people: what a plan would do and why, and how a run ended. Used by the command and the dashboard."""

from collections.abc import Iterator

from activation_sync.core.decide import has_other_value, is_refused
from activation_sync.core.model import Change, Counts, Decision, Measure, Plan
from activation_sync.core.run import Outcome, RunSummary
from activation_sync.core.why import count_words, decision_words, moved_words
from activation_sync.core.windows import report_age_days

SHOWN_DIGEST_CHARS = 12
MEASURE_WORDS = {
    Measure.ASSIGNED: "assigned",
    Measure.ACTIVATED: "activated",
    Measure.SHARED_COMPUTER_ACTIVATION: "shared computers",
}


def short_digest(digest: str) -> str:
    """A plan's digest as people read and type it."""
    return digest[:SHOWN_DIGEST_CHARS]


def why_words(change: Change) -> str:
    """Why this key is in the plan; measures that share a reason share its words."""
    reasons: dict[str, list[str]] = {}
    for measure, words in _measure_reasons(change):
        reasons.setdefault(words, []).append(measure)
    if [*map(len, reasons.values())] == [len(Measure)]:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(measures)}: {words}" for words, measures in reasons.items())


def graph_words(change: Change) -> str:
    """What happens to this key in Graph."""
    if change.is_conflict:
        return "not sent until it is resolved"
    if change.waits_for_report:
        return f"waits for Graph's counts report of {change.key.refreshed_on}"
    if change.is_pushed:
        return _push_words(change)
    if is_refused(change.state, change.settled):
        return "refused before; sent again when it changes, or by retry"
    return "has it already"


def plan_rows(plan: Plan) -> list[dict[str, str]]:
    """The plan as a table, a row a change; the counts are those of the warehouse, before and after."""
    return [_plan_row(change) for change in plan.changes]


def outcome_words(summary: RunSummary) -> str:
    """How a run ended, and what to do next, in a sentence or two."""
    return f"{_OUTCOME_WORDS[summary.outcome](summary)}{_stale_words(summary)}"


def rows_words(count: int, noun: str = "row") -> str:
    """A number and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _measure_reasons(change: Change) -> Iterator[tuple[str, str]]:
    state = change.state
    sides = map(Counts.as_tuple, (state.agreed, state.observed_seen, state.observed, state.warehouse))
    for measure, decision, *values in zip(Measure, change.decisions, *sides, strict=True):
        agreed, observed_seen, observed, warehouse = values
        if decision is not Decision.KEEP or warehouse != agreed:
            yield MEASURE_WORDS[measure], decision_words(decision, agreed, observed_seen, observed, warehouse)


def _push_words(change: Change) -> str:
    if not has_other_value(change.settled, change.published):
        return "sent again, because the outcome of the last PATCH is in doubt"
    pairs = zip(Measure, change.published.as_tuple(), change.settled.as_tuple(), strict=True)
    moves = [
        f"{MEASURE_WORDS[measure]} {moved_words(theirs, ours)}"
        for measure, theirs, ours in pairs
        if ours is not None and ours != theirs
    ]
    return f"sent: {', '.join(moves)}"


def _plan_row(change: Change) -> dict[str, str]:
    decisions = dict.fromkeys(d.value for d in change.decisions if d is not Decision.KEEP) or ["keep"]
    return {
        "refresh date": change.key.refreshed_on.isoformat(),
        "product": change.key.product,
        "decision": ", ".join(decisions),
        **dict(zip(MEASURE_WORDS.values(), _count_cells(change), strict=True)),
        "why": why_words(change) or "as before",
        "Graph": graph_words(change),
    }


def _count_cells(change: Change) -> Iterator[str]:
    sides = map(Counts.as_tuple, (change.state.observed, change.state.warehouse, change.settled))
    for decision, observed, warehouse, settled in zip(change.decisions, *sides, strict=True):
        if decision is Decision.CONFLICT:
            yield f"{count_words(warehouse)} or {count_words(observed)}?"
        else:
            yield moved_words(warehouse, settled)


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
