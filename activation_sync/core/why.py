"""Why one measure was settled so, in plain words for people.

A decision that a policy made names the value it overruled.
"""

from activation_sync.core.model import Decision

ABSENT = "-"
Count = int | None


def decision_words(decision: Decision, agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    """The reason for a decision on these values (see the table of `decide`)."""
    if decision is Decision.PULL:
        return _pull_words(agreed, observed_seen, observed, warehouse)
    if decision is Decision.ADOPT:
        return _adopt_words(agreed, observed_seen, observed, warehouse)
    if decision is Decision.CONVERGE:
        return "usage data and warehouse moved to the same"
    if decision is Decision.CONFLICT:
        return f"conflict: usage data says {observed}, the warehouse {warehouse}; agreed was {count_words(agreed)}"
    if decision is Decision.REVERT:
        return "brought back to the value before a run that was undone"
    if warehouse is None and agreed is not None:
        return "missing in the warehouse, restored"
    return f"kept at {count_words(agreed)}"


def moved_words(before: Count, after: Count) -> str:
    """A value, or two with an arrow when it moves."""
    return count_words(after) if before == after else f"{count_words(before)} -> {count_words(after)}"


def count_words(count: Count) -> str:
    return ABSENT if count is None else str(count)


def _pull_words(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    is_overruled = warehouse is not None and warehouse != agreed
    overruled = f", over the warehouse's {warehouse} by policy" if is_overruled else ""
    if observed_seen in (None, observed):
        return f"first seen in the usage data{overruled}"
    return f"usage data moved {moved_words(observed_seen, observed)}{overruled}"


def _adopt_words(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> str:
    is_overruled = observed is not None and observed != warehouse and (agreed is None or observed != observed_seen)
    overruled = f", over the usage data's {observed} by policy" if is_overruled else ""
    if agreed is None:
        return f"first seen in the warehouse{overruled}"
    return f"corrected in the warehouse {moved_words(agreed, warehouse)}{overruled}"
