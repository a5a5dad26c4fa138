"""Why one measure was settled so, in plain words for people.

A decision that a policy made names the value it overruled.
"""

from collections.abc import Iterable, Iterator

from activation_sync.core.model import Decision, Measure
from activation_sync.core.rule.decide import is_standing
from activation_sync.core.rule.planned import PlannedChange, PlannedMeasure, Sending

ABSENT = "-"
Count = int | None
MEASURE_WORDS = {measure: measure.replace("_", " ") for measure in Measure} | {
    Measure.SHARED_COMPUTER_ACTIVATION: "shared computers",
}
SENDS = {Sending.NOW: "sends", Sending.NEXT_SYNC: "the next sync sends", Sending.WOULD: "would send"}


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


def why_words(change: PlannedChange) -> str:
    """Why this key is in the plan; measures that share a reason share its words."""
    reasons: dict[str, list[str]] = {}
    for measure, words in _measure_reasons(change):
        reasons.setdefault(words, []).append(measure)
    if [*map(len, reasons.values())] == [len(Measure)]:
        return next(iter(reasons))
    return "; ".join(f"{', '.join(measures)}: {words}" for words, measures in reasons.items())


def graph_words(change: PlannedChange, sending: Sending, is_write_back_on: bool = True) -> str:
    """What happens to this key in Graph."""
    if change.is_conflict:
        return "not sent until it is resolved"
    if change.waits_for_report:
        return _waiting_words(change)
    if change.is_pushed:
        return _push_words(change, sending) if is_write_back_on else f"waits: write-back is off{_in_brackets(change)}"
    if all(one.settled is None for one in change.measures):
        return "keeps what it has: there is nothing to send"
    if change.is_refused:
        return "refused before; sent again when it changes, or with `retry`"
    return "has it already"


def change_rows(changes: Iterable[PlannedChange], sending: Sending, is_write_back_on: bool) -> list[dict[str, str]]:
    """Changes as a table, a row each; the counts are those of the warehouse, before and after."""
    return [
        {
            "refresh date": change.refreshed_on.isoformat(),
            "product": change.product,
            "decision": ", ".join(_decisions(change)) or "keep",
            **{MEASURE_WORDS[one.measure]: _count_cell(one) for one in change.measures},
            "why": why_words(change) or "as before",
            "Graph": graph_words(change, sending, is_write_back_on),
        }
        for change in changes
    ]


def _measure_reasons(change: PlannedChange) -> Iterator[tuple[str, str]]:
    for one in change.measures:
        if one.decision is not Decision.KEEP or one.warehouse != one.agreed:
            sides = (one.agreed, one.observed_seen, one.observed, one.warehouse)
            yield MEASURE_WORDS[one.measure], decision_words(one.decision, *sides)


def _waiting_words(change: PlannedChange) -> str:
    report = f"the user counts report of {change.refreshed_on}"
    return f"waits for {report}: Graph no longer serves it, import it" if change.is_past else f"waits for {report}"


def _push_words(change: PlannedChange, sending: Sending) -> str:
    moves = _moves(change)
    return f"{SENDS[sending]}: {moves}" if moves else f"{SENDS[sending]} again: the last PATCH has no known answer"


def _in_brackets(change: PlannedChange) -> str:
    return f" ({moves})" if (moves := _moves(change)) else ""


def _moves(change: PlannedChange) -> str:
    """What an update would change in Graph; nothing, when it only repeats one."""
    return ", ".join(
        f"{MEASURE_WORDS[one.measure]} {moved_words(one.published, one.settled)}"
        for one in change.measures
        if one.settled is not None and one.settled != one.published
    )


def _decisions(change: PlannedChange) -> Iterable[str]:
    return dict.fromkeys(one.decision.value for one in change.measures if one.decision is not Decision.KEEP)


def _count_cell(one: PlannedMeasure) -> str:
    if one.decision is Decision.CONFLICT:
        return f"{count_words(one.warehouse)} or {count_words(one.observed)}?"
    return moved_words(one.warehouse, one.settled)
