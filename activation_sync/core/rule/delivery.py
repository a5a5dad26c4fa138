"""What is sent to Graph, what its answers mean, and what came of all of it."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from activation_sync.core.model import CountRow, Counts, Key, Measure
from activation_sync.core.rule.reasons import MEASURE_WORDS, count_words


@dataclass(frozen=True, slots=True)
class CountUpdate:
    """One PATCH: the values Graph is to hold for one product row. Absolute, so that sending twice is harmless.

    known: what Graph may hold as far as we know: what its report showed, and what it acknowledged last. etag: the
    version of Graph's row that the PATCH is meant for (`If-Match`); None: whichever it has.
    """

    key: Key
    product_type: str
    counts: Counts
    graph_id: str | None = None
    known: tuple[Counts, ...] = ()
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class GraphRow:
    """One row as Graph's resource shows it. etag: its version; None where Graph gives none."""

    row: CountRow
    graph_id: str | None = None
    etag: str | None = None


class AnswerKind(StrEnum):
    """What an answer to a PATCH means for its outbox row; DECISIONS 010."""

    ACKNOWLEDGED = "acknowledged"  # Graph holds what was sent
    DIFFERENT = "different"  # 200, but the returned row is not what was sent
    SUPERSEDED = "superseded"  # 412: the row moved on, and not to what was sent; the next plan decides
    REFUSED = "refused"  # this row is refused for good
    BUSY = "busy"  # throttled, failed or lost: the outcome may be unknown, try again
    NOT_OFFERED = "not-offered"  # this Graph has no such resource


@dataclass(frozen=True, slots=True)
class Answer:
    """Graph's answer to one PATCH. status: None when none arrived. message: at most 200 characters, no secrets.

    seen: what Graph's row was read to hold, when it was left as it is because somebody else has changed it.
    """

    kind: AnswerKind
    status: int | None = None
    message: str = ""
    request_id: str = ""
    graph_id: str | None = None
    retry_after_s: float | None = None
    seen: Counts | None = None


def changed_since(update: CountUpdate, refused: Answer, held: GraphRow | None) -> CountUpdate | Answer:
    """What follows from a 412, now that Graph's row has been read (None: there is none to read).

    The row shows what is to be sent: settled. It shows nothing new: the same update, for this version of the row. It
    shows another value: that is somebody else's, and the next plan looks at it before anything overwrites it.
    """
    if held is None:
        return replace(refused, message=f"{refused.message}; its row could not be read")
    shown = held.row.counts
    if shows(shown, update.counts, update.counts):
        message = "its row shows these values already"
        return replace(refused, kind=AnswerKind.ACKNOWLEDGED, message=message, graph_id=held.graph_id)
    if not any(shows(shown, known, update.counts) for known in update.known):
        message = f"{refused.message}; somebody else changed its row: {_apart(shown, update.counts)}"
        return replace(refused, message=message, graph_id=held.graph_id, seen=shown)
    if held.etag is None:
        return replace(refused, message=f"{refused.message}; its row has no ETag")
    return replace(update, graph_id=held.graph_id or update.graph_id, etag=held.etag)


def shows(shown: Counts, counts: Counts, sent: Counts) -> bool:
    """True when a row shows these counts, in every measure that is sent."""
    triples = zip(shown, counts, sent, strict=True)
    return all(theirs == ours for theirs, ours, wanted in triples if wanted is not None)


def _apart(shown: Counts, sent: Counts) -> str:
    triples = zip(Measure, shown, sent, strict=True)
    return ", ".join(
        f"{MEASURE_WORDS[name]} {count_words(theirs)}, not {ours}"
        for name, theirs, ours in triples
        if ours not in (None, theirs)
    )


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A row of Graph that was left as it is, because somebody else changed it."""

    refreshed_on: date
    product: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the outbox in this run, in rows; throttled_s: seconds spent waiting because Graph asked.

    left_over: the rows that are superseded because Graph's row moved on.
    """

    acknowledged: int = 0
    dead: int = 0
    superseded: int = 0
    pending: int = 0
    is_offered: bool = True
    is_enabled: bool = True
    throttled_s: float = 0.0
    left_over: tuple[LeftOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """What Graph was read back to hold, in rows of this run; is_offered: Graph allows reading back."""

    confirmed: int = 0
    different: int = 0
    is_offered: bool = True
