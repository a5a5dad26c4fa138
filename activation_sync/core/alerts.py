"""What somebody should be told of a tenant, once: when a condition begins, when it grows, and when it is over. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from activation_sync.core.run import Outcome, RunKind, RunSummary
from activation_sync.core.summary import rows_words
from activation_sync.core.windows import report_age_days


class Condition(StrEnum):
    """What may be amiss with a tenant. It lasts from run to run, until one finds it gone."""

    HELD = "held"
    FAILED = "failed"
    CONFLICT = "conflict"
    DEAD_LETTER = "dead-letter"
    STALE_REPORT = "stale-report"
    NOT_OFFERED = "write-back-not-offered"


# What a run of this outcome could see, as far as it came. A failed one cannot tell that a conflict is gone.
SEEN_BY = {
    Outcome.FAILED: frozenset({Condition.FAILED}),
    Outcome.HELD: frozenset({Condition.FAILED, Condition.HELD}),
}
# A backfill is told of where it stopped; what it leaves open of the tenant, the next night finds and tells.
TOLD_OF = {RunKind.BACKFILL: frozenset({Condition.FAILED, Condition.HELD})}
ALL = frozenset(Condition)


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition that began, grew or is over, in words for whoever is notified; free of secrets and of user names.

    number: how many there are of it now, 1 where it cannot be counted, 0 when it is over. before: the number before.
    """

    tenant: str
    condition: Condition
    number: int
    before: int
    title: str
    message: str

    @property
    def event(self) -> str:
        """The event's name in the dashboard: `activation-sync.held`, and `activation-sync.held.over` at its end."""
        return f"activation-sync.{self.condition}{'' if self.number else '.over'}"


def conditions_after(before: Mapping[str, int], summary: RunSummary, kind: RunKind = RunKind.SYNC) -> dict[str, int]:
    """What is amiss after a run, in numbers; what it could not see is as the run before it left it."""
    seen = SEEN_BY.get(summary.outcome, ALL) & TOLD_OF.get(kind, ALL)
    unseen = {name: number for name, number in before.items() if name not in seen}
    return unseen | {name: number for name, number in _found(summary).items() if name in seen and number}


def alerts(before: Mapping[str, int], after: Mapping[str, int], summary: RunSummary) -> Iterator[Alert]:
    """What to tell of the step from one run's conditions to the next's: nothing of what stays or becomes less."""
    for condition in Condition:
        was, number = before.get(condition, 0), after.get(condition, 0)
        if number > was:
            yield _alert(summary, condition, number, was, TITLES[condition], WORDS[condition](summary))
        elif was and not number:
            yield _alert(summary, condition, 0, was, f"{TITLES[condition]}: over", OVER[condition])


def _found(summary: RunSummary) -> dict[Condition, int]:
    return {
        Condition.HELD: int(summary.outcome is Outcome.HELD),
        Condition.FAILED: int(summary.outcome is Outcome.FAILED),
        Condition.CONFLICT: summary.conflicts,
        Condition.DEAD_LETTER: summary.dead_letters,
        Condition.STALE_REPORT: int(summary.is_stale),
        Condition.NOT_OFFERED: int(not summary.delivery.is_offered),
    }


def _alert(summary: RunSummary, condition: Condition, number: int, before: int, title: str, message: str) -> Alert:
    return Alert(summary.tenant, condition, number, before, f"{summary.tenant}: {title}", message)


def _held_words(summary: RunSummary) -> str:
    return _sentence(summary.error)


def _failed_words(summary: RunSummary) -> str:
    return f"{_sentence(summary.error)} The next run goes on from there; the runbook says what each failure asks for."


def _conflict_words(summary: RunSummary) -> str:
    return (
        f"{rows_words(summary.conflicts)} in conflict: usage data and warehouse moved apart, and nothing is written or "
        f"sent of them. See `activation-sync conflicts {summary.tenant}`, and decide with `resolve`."
    )


def _dead_letter_words(summary: RunSummary) -> str:
    return (
        f"{rows_words(summary.dead_letters, 'update')} refused by Graph for good. "
        f"`activation-sync dead-letters {summary.tenant}` shows its answers; `retry` sends what is current once more."
    )


def _stale_words(summary: RunSummary) -> str:
    age = f", {report_age_days(summary.refreshed_on, summary.as_of)} days old" if summary.refreshed_on else ""
    return (
        f"The newest usage report is of {summary.refreshed_on}{age}. Microsoft is late; nothing is to be done unless "
        f"`activation-sync check {summary.tenant}` shows that reports are refused."
    )


def _not_offered_words(summary: RunSummary) -> str:
    return (
        f"This Graph does not offer the write-back resource; {rows_words(summary.delivery.pending, 'update')} wait in "
        "the outbox. Mend `write_back.path`, or set `write_back.enabled = false`."
    )


def _sentence(text: str) -> str:
    """A message of an error as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


TITLES = {
    Condition.HELD: "held before any write",
    Condition.FAILED: "run failed",
    Condition.CONFLICT: "open conflicts",
    Condition.DEAD_LETTER: "dead letters",
    Condition.STALE_REPORT: "stale report",
    Condition.NOT_OFFERED: "write-back not offered",
}
WORDS: dict[Condition, Callable[[RunSummary], str]] = {
    Condition.HELD: _held_words,
    Condition.FAILED: _failed_words,
    Condition.CONFLICT: _conflict_words,
    Condition.DEAD_LETTER: _dead_letter_words,
    Condition.STALE_REPORT: _stale_words,
    Condition.NOT_OFFERED: _not_offered_words,
}
OVER = {
    Condition.HELD: "A run went through; nothing is held any more.",
    Condition.FAILED: "A run no longer failed.",
    Condition.CONFLICT: "No row is in conflict any more.",
    Condition.DEAD_LETTER: "No update is left that Graph refused.",
    Condition.STALE_REPORT: "A newer usage report has come.",
    Condition.NOT_OFFERED: "Updates are no longer refused for want of the write-back resource.",
}
