"""What people are notified of, once: that a tenant's trouble begins, grows, or is over. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from activation_sync.core.phrases import rows_words, wait_words
from activation_sync.core.plain_text import plain_text
from activation_sync.core.runs.condition import Trouble
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.report_age import age_words
from activation_sync.core.runs.summary import RunSummary

# A channel may read Markdown or HTML. None of these, and no address, does anything in one that reads neither.
NO_MARKUP = str.maketrans("<>[]`*|", "()()'+/")
# A backfill is told of where it stopped; what it leaves open of the tenant, the next night finds and tells.
TOLD_OF = {RunKind.BACKFILL: frozenset({Trouble.FAILED, Trouble.HELD})}


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble that began, grew or is over, in words for whoever is notified; free of secrets and of user names.

    number: how many there are of it now, 1 where it cannot be counted, 0 when it is over. before: the number before.
    """

    tenant: str
    trouble: Trouble
    number: int
    before: int
    title: str
    message: str

    @property
    def event(self) -> str:
        """The event's name in the dashboard: `activation-sync.held`, and `activation-sync.held.over` at its end."""
        return f"activation-sync.{self.trouble}{'' if self.number else '.over'}"


def troubles_after(before: Mapping[str, int], summary: RunSummary, kind: RunKind = RunKind.SYNC) -> dict[str, int]:
    """The troubles after a run, in numbers; those that the run could not see stay as the run before left them."""
    seen = summary.outcome.sees & TOLD_OF.get(kind, summary.outcome.sees)
    unseen = {name: number for name, number in before.items() if name not in seen}
    return unseen | {name: number for name, number in _found(summary).items() if name in seen and number}


def alerts(before: Mapping[str, int], after: Mapping[str, int], summary: RunSummary) -> Iterator[Alert]:
    """What to notify after a run: troubles that began, grew or are over; not those that stay or become less."""
    for trouble in Trouble:
        was, number = before.get(trouble, 0), after.get(trouble, 0)
        if number > was:
            yield _alert(summary, trouble, number, was, TITLES[trouble], WORDS[trouble](summary))
        elif was and not number:
            yield _alert(summary, trouble, 0, was, f"{TITLES[trouble]}: over", OVER[trouble])


def _found(summary: RunSummary) -> dict[Trouble, int]:
    return {
        Trouble.HELD: int(summary.outcome is Outcome.HELD),
        Trouble.FAILED: int(summary.outcome is Outcome.FAILED),
        Trouble.CONFLICT: summary.plan.conflicts,
        Trouble.DEAD_LETTER: summary.dead_letters,
        Trouble.STALE_REPORT: int(summary.is_stale),
        Trouble.NOT_OFFERED: int(not summary.delivery.is_offered),
        Trouble.QUARANTINED: int(summary.outcome is Outcome.QUARANTINED),
    }


def _alert(summary: RunSummary, trouble: Trouble, number: int, before: int, title: str, message: str) -> Alert:
    return Alert(summary.tenant, trouble, number, before, f"{summary.tenant}: {title}", message)


def _held_words(summary: RunSummary) -> str:
    return _sentence(summary.error)


def _failed_words(summary: RunSummary) -> str:
    return (
        f"{_sentence(summary.error)} The next run goes on from there; the runbook says what to do about each failure."
    )


def _conflict_words(summary: RunSummary) -> str:
    return (
        f"{rows_words(summary.plan.conflicts)} in conflict: usage data and warehouse moved apart; nothing of that is "
        f"written or sent. See `activation-sync conflicts {summary.tenant}`, and decide with `resolve`."
    )


def _dead_letter_words(summary: RunSummary) -> str:
    return (
        f"{rows_words(summary.dead_letters, 'update')} refused by Graph for good. "
        f"`activation-sync dead-letters {summary.tenant}` shows its answers; `retry` sends the current values again."
    )


def _stale_words(summary: RunSummary) -> str:
    refreshed_on = summary.plan.observed_on
    of = age_words(refreshed_on, summary.as_of) if refreshed_on else "no date"
    return (
        f"The newest usage report is of {of}. Microsoft is late; nothing is to be done unless "
        f"`activation-sync check {summary.tenant}` shows that reports are refused."
    )


def _not_offered_words(summary: RunSummary) -> str:
    return (
        f"This Graph does not offer the write-back resource; {wait_words(summary.delivery.pending, 'update')} in the "
        "outbox. Fix `write_back.path`, or set `write_back.enabled = false`."
    )


def _quarantined_words(summary: RunSummary) -> str:
    return (
        f"{_sentence(summary.error)} Fix the cause, then `activation-sync sync {summary.tenant}`; a good run ends it."
    )


def _sentence(text: str) -> str:
    """A message of an error as a sentence of its own, and as text: it may quote Graph or a report."""
    text = plain_text(text).translate(NO_MARKUP).replace("://", ": //")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


TITLES = {
    Trouble.HELD: "held before any write",
    Trouble.FAILED: "run failed",
    Trouble.CONFLICT: "open conflicts",
    Trouble.DEAD_LETTER: "dead letters",
    Trouble.STALE_REPORT: "stale report",
    Trouble.NOT_OFFERED: "write-back not offered",
    Trouble.QUARANTINED: "left out from tonight on",
}
WORDS: dict[Trouble, Callable[[RunSummary], str]] = {
    Trouble.HELD: _held_words,
    Trouble.FAILED: _failed_words,
    Trouble.CONFLICT: _conflict_words,
    Trouble.DEAD_LETTER: _dead_letter_words,
    Trouble.STALE_REPORT: _stale_words,
    Trouble.NOT_OFFERED: _not_offered_words,
    Trouble.QUARANTINED: _quarantined_words,
}
OVER = {
    Trouble.HELD: "A run went through; nothing is held any more.",
    Trouble.FAILED: "The newest run did not fail.",
    Trouble.CONFLICT: "No row is in conflict any more.",
    Trouble.DEAD_LETTER: "There are no dead letters any more.",
    Trouble.STALE_REPORT: "Graph has a newer usage report.",
    Trouble.QUARANTINED: "The newest run did not fail; the tenant has its turn on every night again.",
    Trouble.NOT_OFFERED: "Graph no longer refuses updates because the write-back resource is missing.",
}
