"""After a 412: read Graph's row and its ETag, and send once more where nobody else's value would be lost."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeAlias

from activation_sync.core.model import Key
from activation_sync.core.rule.delivery import Answer, AnswerKind, CountUpdate, GraphRow, changed_since
from activation_sync.errors import GraphBusyError
from activation_sync.graph.answers import lost

Read: TypeAlias = Callable[[date], Sequence[GraphRow] | None]
Send: TypeAlias = Callable[[Sequence[CountUpdate]], Sequence[Answer]]


def settle_changed(updates: Sequence[CountUpdate], answers: Sequence[Answer], read: Read, send: Send) -> list[Answer]:
    """The answers, each 412 replaced by what came of its row.

    read: the rows of a refresh date. send: sends updates, each for the version of the row that it names.
    """
    settled = list(answers)
    changed = [place for place, answer in enumerate(answers) if answer.kind is AnswerKind.SUPERSEDED]
    try:
        held = _held(read, {updates[place].key.refreshed_on for place in changed})
    except GraphBusyError as busy:
        return [lost(busy) if place in changed else answer for place, answer in enumerate(answers)]
    again: dict[int, CountUpdate] = {}
    for place in changed:
        match changed_since(updates[place], answers[place], held.get(updates[place].key)):
            case Answer() as answer:
                settled[place] = answer
            case update:
                again[place] = update
    for place, answer in zip(again, send([*again.values()]) if again else (), strict=True):
        settled[place] = answer
    return settled


def _held(read: Read, days: Iterable[date]) -> dict[Key, GraphRow]:
    return {held.row.key: held for day in sorted(days) for held in read(day) or ()}
