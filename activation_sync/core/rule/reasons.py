"""Why one measure was settled so, in plain words for people.

A decision that a policy made names the value it overruled.
"""

from collections.abc import Iterator

from activation_sync.core.model import Change, Decision, Measure, Plan
from activation_sync.core.rule.decide import has_other_value, is_refused, is_standing

ABSENT = "-"
Count = int | None
MEASURE_WORDS = {measure: measure.replace("_", " ") for measure in Measure} | {
    Measure.SHARED_COMPUTER_ACTIVATION: "shared computers",
}


def decision_words(decision: Decision, agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    """The reason for a decision on these values (see the table of `decide`)."""
    if decision is Decision.PULL:
        return _pull_words(agreed, observed_seen, observed, warehouse)
    if decision is Decision.ADOPT:
        return _adopt_words(agreed, observed_seen, observed, warehouse)
    if decision is Decision.CONVERGE:
        stands = is_standing(agreed, observed_seen) and warehouse in (agreed, None)
        return (
            f"usage data moved to the corrected {agreed}"
            if stands
            else "usage data and warehouse moved to the same value"
        )
    if decision is Decision.CONFLICT:
        return _conflict_words(agreed, observed_seen, observed, warehouse)
    if decision is Decision.REVERT:
        return "brought back to the value before a run that was undone"
    if decision is Decision.WITHDRAW:
        return "without the withdrawn report"
    if warehouse is None and agreed is not None:
        return "missing in the warehouse, restored"
    return f"kept at {count_words(agreed)}"


def moved_words(before: Count, after: Count) -> str:
    """A value, or two with an arrow when it moves."""
    return count_words(after) if before == after else f"{count_words(before)} -> {count_words(after)}"


def count_words(count: Count) -> str:
    return ABSENT if count is None else str(count)


def _conflict_words(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    if warehouse in (agreed, None):
        return (
            f"conflict: corrected to {agreed}, and the report has moved since, {moved_words(observed_seen, observed)}"
        )
    return f"conflict: usage data says {observed}, the warehouse {warehouse}; agreed was {count_words(agreed)}"


def _pull_words(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    stands = agreed if warehouse is None else warehouse
    is_overruled = (warehouse is not None and warehouse != agreed) or is_standing(agreed, observed_seen)
    overruled = f", over the warehouse's {stands} by policy" if is_overruled else ""
    if observed_seen in (None, observed):
        return f"first seen in the usage data{overruled}"
    return f"usage data moved {moved_words(observed_seen, observed)}{overruled}"


def _adopt_words(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    is_overruled = observed is not None and observed != warehouse and (agreed is None or observed != observed_seen)
    overruled = f", over the usage data's {observed} by policy" if is_overruled else ""
    if agreed is None:
        return f"first seen in the warehouse{overruled}"
    if warehouse in (agreed, None):
        return f"the correction to {agreed} stands{overruled}"
    return f"corrected in the warehouse {moved_words(agreed, warehouse)}{overruled}"


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
    if change.settled.is_absent:
        return "keeps what it has: there is nothing to send"
    if is_refused(change.state, change.settled):
        return "refused before; sent again when it changes, or with `retry`"
    return "has it already"


def plan_rows(plan: Plan) -> list[dict[str, str]]:
    """The plan as a table, a row a change; the counts are those of the warehouse, before and after."""
    return [_plan_row(change) for change in plan.changes]


def _measure_reasons(change: Change) -> Iterator[tuple[str, str]]:
    state = change.state
    sides = (state.agreed, state.observed_seen, state.observed, state.warehouse)
    for measure, decision, *values in zip(Measure, change.decisions, *sides, strict=True):
        agreed, observed_seen, observed, warehouse = values
        if decision is not Decision.KEEP or warehouse != agreed:
            yield MEASURE_WORDS[measure], decision_words(decision, agreed, observed_seen, observed, warehouse)


def _push_words(change: Change) -> str:
    if not has_other_value(change.settled, change.published):
        return "sent again, because the outcome of the last PATCH is in doubt"
    pairs = zip(Measure, change.published, change.settled, strict=True)
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
    sides = (change.state.observed, change.state.warehouse, change.settled)
    for decision, observed, warehouse, settled in zip(change.decisions, *sides, strict=True):
        if decision is Decision.CONFLICT:
            yield f"{count_words(warehouse)} or {count_words(observed)}?"
        else:
            yield moved_words(warehouse, settled)
