"""A landed report is taken out of force: what followed from it goes back to what stood before.

the measure                                        | settled on
---------------------------------------------------+---------------------------------------------------------
settled on the report's word                       | what stood before it; nothing, where nothing stood
settled on a person's value since, or edited since | the person's value: it stays, and is named
not touched by the report                          | as it was

What counts as seen goes back too, so that a person's value that stays meets no conflict. A row on which nothing stands
any more leaves the table; what we know of Graph stays, since what was sent cannot be un-sent.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from activation_sync.core.model import (
    Change,
    ConflictPolicy,
    Counts,
    Decision,
    Key,
    KeyState,
    Limits,
    Measure,
    Plan,
    PlanInputs,
)
from activation_sync.core.rule.decide import change_to, decide_key, is_standing, memory_after
from activation_sync.core.rule.guards import judge
from activation_sync.core.rule.plan import seal
from activation_sync.core.rule.reasons import MEASURE_WORDS


@dataclass(frozen=True, slots=True)
class Before:
    """What stood on one measure before a report first counted.

    value: the warehouse's, or what was agreed where its row was deleted; None: nothing. seen: what the usage data was
    last seen to say. is_corrected: a person's value was settled on since.
    """

    value: int | None
    seen: int | None
    is_corrected: bool = False


@dataclass(frozen=True, slots=True)
class Footprint:
    """What followed from a report. before: of each key that it moved. asked: keys it left in conflict."""

    before: Mapping[Key, Mapping[Measure, Before]]
    asked: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A plan that undoes what followed from a report.

    stays: measures that a person corrected since. gone: rows that leave the table. sent: those of them that Graph was
    sent, and keeps.
    """

    plan: Plan
    stays: Mapping[Key, tuple[Measure, ...]]
    gone: tuple[Key, ...]
    sent: tuple[Key, ...]


def plan_withdrawal(inputs: PlanInputs, footprint: Footprint, pending: Collection[Key], limits: Limits) -> Withdrawal:
    """The plan, judged by the guards as any other.

    inputs: what is known of the date without the report. pending: keys with an update on its way.
    """
    changes, stays = dict[Key, Change](), dict[Key, tuple[Measure, ...]]()
    for state in sorted(inputs.states, key=lambda state: state.key):
        if before := footprint.before.get(state.key):
            change, stays[state.key] = _taken_back(state, before)
            if _has_effect(change) or state.key in pending:
                changes[state.key] = change
        elif (kept := _at_rest(state)) and (kept.is_pushed or state.key in footprint.asked | {*pending}):
            changes[state.key] = kept
    gone = tuple(key for key, change in changes.items() if change.settled.is_absent)
    sent = tuple(key for key in gone if _was_sent(changes[key].state))
    findings = judge(inputs, [*changes.values()], limits)
    stays = {key: measures for key, measures in stays.items() if measures}
    return Withdrawal(seal(inputs, changes.values(), findings), stays, gone, sent)


def stays_words(withdrawal: Withdrawal) -> list[str]:
    """A line for each row that a person corrected since."""
    return [
        f"{key.product}, {key.refreshed_on}: {', '.join(MEASURE_WORDS[name] for name in measures)} stays as a person "
        "corrected it"
        for key, measures in withdrawal.stays.items()
    ]


def sent_words(withdrawal: Withdrawal) -> list[str]:
    """A line for each row that Graph was sent and that nothing stood before."""
    return [
        f"{key.product}, {key.refreshed_on}: Graph was sent this row, and nothing stood before it; what was sent "
        "cannot be un-sent, so Graph keeps it"
        for key in withdrawal.sent
    ]


def _taken_back(state: KeyState, before: Mapping[Measure, Before]) -> tuple[Change, tuple[Measure, ...]]:
    """The row without the report, and the measures on which a person's value stays."""
    sides = (state.warehouse, state.agreed, state.observed_seen, state.observed)
    settled, seen, stays = [], [], []
    for measure, warehouse, agreed, seen_now, observed in zip(Measure, *sides, strict=True):
        was, now = before.get(measure), agreed if warehouse is None else warehouse
        is_edited = warehouse is not None and warehouse != agreed
        value, seen_then = _back(was, observed) if was else (now, seen_now)
        if was and (was.is_corrected or is_edited) and now != value:
            stays.append(measure)
            value = now
        settled.append(value)
        seen.append(seen_then)
    without = replace(state, observed=Counts(*seen))
    decisions = (Decision.WITHDRAW,) * len(Measure)
    return change_to(without, decisions, Counts(*settled)), tuple(stays)


def _back(was: Before, observed: int | None) -> tuple[int | None, int | None]:
    """The value and what was seen; where no person's value stood, the report that is in force now has the word."""
    if observed is not None and not is_standing(was.value, was.seen):
        return observed, observed
    return was.value, was.seen


def _has_effect(change: Change) -> bool:
    remembered = change.state.agreed, change.state.observed_seen
    return change.is_written or change.is_pushed or memory_after(change) != remembered


def _at_rest(state: KeyState) -> Change | None:
    """A row on which nothing moved, kept: so that a conflict is over, and what is sent rests on what is in force."""
    keep = (Decision.KEEP,) * len(Measure)
    is_still = state.warehouse == state.agreed and decide_key(state, ConflictPolicy.HOLD) == keep
    return change_to(state, keep, state.agreed) if is_still else None


def _was_sent(state: KeyState) -> bool:
    return state.in_doubt or not state.acknowledged.is_absent
