"""A person changes a number: which row is meant, and what follows for each measure of it.

the measure             | decision | settled on
------------------------+----------+---------------------------------------------------------------
named by the person     | Adopt    | the person's value; a conflict on it is decided by this
not named, in conflict  | Conflict | nobody's yet: it stays open, and the row is not sent until then
not named, otherwise    | as ever  | what the next night would settle on
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeAlias

from activation_sync.core.model import Change, ConflictPolicy, Counts, Decision, KeyState, Measure, PlanInputs
from activation_sync.core.phrases import listed_words, our_command, reason_problems
from activation_sync.core.rule.conflicts import conflicting_measures
from activation_sync.core.rule.decide import change_to, decide_key, settle_key
from activation_sync.core.rule.reasons import MEASURE_WORDS, moved_words
from activation_sync.errors import ChoiceError

MAX_COUNT = 2**63 - 1  # what a column of the warehouse holds
NAMED_PRODUCTS = 20
Values: TypeAlias = Mapping[Measure, int]


def refuse_bad_correction(values: Values, reason: str) -> None:
    """Raise ChoiceError, with every problem, unless this can be a correction: a measure, counts, and a reason."""
    problems = reason_problems(reason, "a correction")
    if not values:
        problems.append("say which number to correct: --assigned, --activated or --shared")
    problems += [
        f"{MEASURE_WORDS[measure]} cannot be {count:,}: a count is 0 to {MAX_COUNT:,}"
        for measure, count in values.items()
        if not 0 <= count <= MAX_COUNT
    ]
    if problems:
        raise ChoiceError("; ".join(problems))


def choose_row(inputs: PlanInputs, product: str, on: date | None = None) -> KeyState:
    """The row a person means, of the newest reconciled date by default; ChoiceError names the products there are."""
    known = [state for state in inputs.states if _is_known(state)]
    day = on or inputs.newest_reconciled_on
    if day is None:
        raise ChoiceError(f"the warehouse has no count of {inputs.tenant}; first: {our_command('sync', inputs.tenant)}")
    there = [state for state in known if state.key.refreshed_on == day]
    found = next((state for state in there if state.key.product == product), None)
    if found is None:
        elsewhere = max((state.key.refreshed_on for state in known if state.key.product == product), default=None)
        raise ChoiceError(f"{product} of {inputs.tenant} has no row of {day}; {_choices(inputs, there, elsewhere)}")
    return found


def correct_row(state: KeyState, values: Values, policy: ConflictPolicy) -> Change:
    """The change that makes these values the row's; see the table above."""
    decided = zip(Measure, decide_key(state, policy), strict=True)
    decisions = tuple(Decision.ADOPT if measure in values else decision for measure, decision in decided)
    ruled = zip(Measure, settle_key(state, decisions), strict=True)
    settled = Counts(*(values.get(measure, count) for measure, count in ruled))
    return replace(change_to(state, decisions, settled), is_resolved=True)


def corrected_words(change: Change, values: Values) -> str:
    """What a person corrected, and what stays open."""
    pairs = zip(Measure, change.state.warehouse, change.settled, strict=True)
    moves = [f"{MEASURE_WORDS[name]} {moved_words(before, after)}" for name, before, after in pairs if name in values]
    left = ", ".join(MEASURE_WORDS[measure] for measure in conflicting_measures(change))
    still = f" Still in conflict, so nothing of the row is sent: {left}; decide it with `resolve`." if left else ""
    return f"{change.key.product} of {change.key.refreshed_on} is corrected: {', '.join(moves)}.{still}"


def _is_known(state: KeyState) -> bool:
    return not all(side.is_absent for side in (state.warehouse, state.observed, state.published, state.agreed))


def _choices(inputs: PlanInputs, there: Sequence[KeyState], elsewhere: date | None) -> str:
    if elsewhere is not None:
        return f"its newest row is of {elsewhere}: choose with --date {elsewhere}"
    if not there:
        return f"that date has no row at all; the newest refresh date is {inputs.newest_reconciled_on}"
    return f"there are: {listed_words(sorted(state.key.product for state in there), NAMED_PRODUCTS)}"
