"""What is sent to Graph, what its answers mean, and what came of all of it."""

from dataclasses import dataclass
from enum import StrEnum

from activation_sync.core.model import Counts, Key


@dataclass(frozen=True, slots=True)
class CountUpdate:
    """One PATCH: the values Graph is to hold for one product row. Absolute, so that sending twice is harmless."""

    key: Key
    product_type: str
    counts: Counts
    graph_id: str | None = None


class AnswerKind(StrEnum):
    """What an answer to a PATCH means for its outbox row; DECISIONS 010."""

    ACKNOWLEDGED = "acknowledged"  # Graph holds what was sent
    DIFFERENT = "different"  # 200, but the returned row is not what was sent
    SUPERSEDED = "superseded"  # 412: the row moved on; the next plan decides
    REFUSED = "refused"  # this row is refused for good
    BUSY = "busy"  # throttled, failed or lost: the outcome may be unknown, try again
    NOT_OFFERED = "not-offered"  # this Graph has no such resource


@dataclass(frozen=True, slots=True)
class Answer:
    """Graph's answer to one PATCH. status: None when none arrived. message: at most 200 characters, no secrets."""

    kind: AnswerKind
    status: int | None = None
    message: str = ""
    request_id: str = ""
    graph_id: str | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the outbox in this run, in rows; throttled_s: seconds spent waiting because Graph asked."""

    acknowledged: int = 0
    dead: int = 0
    superseded: int = 0
    pending: int = 0
    is_offered: bool = True
    is_enabled: bool = True
    throttled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verification:
    """What Graph was read back to hold, in rows of this run; is_offered: Graph allows reading back."""

    confirmed: int = 0
    different: int = 0
    is_offered: bool = True
