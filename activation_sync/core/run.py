"""What a run did, in small values that may be shown anywhere: free of secrets and of user names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
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
    """What an answer to a PATCH means for its outbox row (design §3)."""

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


class RunKind(StrEnum):
    """What a run is for: the job itself, or something a person did; each is one entry of the history."""

    SYNC = "sync"
    RESOLVE = "resolve"
    RETRY = "retry"
    REVERT = "revert"
    BACKFILL = "backfill"


class Outcome(StrEnum):
    """How a run ended; `commands` maps it to an exit code, `flows` to a state of the dashboard."""

    DONE = "done"
    NOTHING_NEW = "nothing-new"
    PREVIEWED = "previewed"
    HELD = "held"
    UNSETTLED = "unsettled"
    NOT_OFFERED = "not-offered"
    FAILED = "failed"
    PUT_OFF = "put-off"  # Graph asked for a long wait, and other tenants were not to wait with it
    QUARANTINED = "quarantined"  # left out tonight, after failing for several nights
    ALREADY_DONE = "already-done"  # by another run; this one did nothing


MOST_PRESSING_FIRST = (
    Outcome.FAILED,
    Outcome.HELD,
    Outcome.QUARANTINED,
    Outcome.NOT_OFFERED,
    Outcome.UNSETTLED,
    Outcome.PUT_OFF,
    Outcome.DONE,
    Outcome.NOTHING_NEW,
    Outcome.PREVIEWED,
    Outcome.ALREADY_DONE,
)


def most_pressing(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of several tenants that somebody should look at first; nothing to look at is done."""
    return min(outcomes, key=MOST_PRESSING_FIRST.index, default=Outcome.DONE)


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


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is shown: counts in rows, and a table of plain text, one row a change.

    findings: what the guards object to; empty when the run may go on. approved_by: who let it go on all the same.
    """

    tenant: str
    digest: str
    observed_on: date | None = None
    newest_reconciled_on: date | None = None
    findings: tuple[str, ...] = ()
    decisions: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    written: int = 0
    pushed: int = 0
    waiting: int = 0
    conflicts: int = 0
    approved_by: str = ""
    table: tuple[dict[str, str], ...] = ()

    @property
    def is_held(self) -> bool:
        return bool(self.findings)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did, in rows; small and free of secrets and names, so that it may be shown anywhere.

    error_kind: the name of the error that failed or held it. put_off_until: when Graph may be asked again.
    troubles: what is amiss with the tenant after it, in numbers (`core/alerts.py`), so that the next run can compare.
    """

    tenant: str
    run_id: str
    as_of: date
    outcome: Outcome
    digest: str = ""
    refreshed_on: date | None = None
    decisions: dict[str, int] = field(default_factory=dict)
    written: int = 0
    pushed: int = 0
    waiting: int = 0
    conflicts: int = 0
    dead_letters: int = 0
    findings: tuple[str, ...] = ()
    delivery: Delivery = Delivery()
    verification: Verification = Verification()
    is_stale: bool = False
    approved_by: str = ""
    error: str = ""
    error_kind: str = ""
    put_off_until: datetime | None = None
    table: tuple[dict[str, str], ...] = ()
    troubles: dict[str, int] = field(default_factory=dict)


def outcome_of(plan: PlanView, delivery: Delivery, verification: Verification, dead_letters: int) -> Outcome:
    """How a run that went through all its steps ended; the most pressing reason wins.

    dead_letters: open ones of the tenant, also from earlier runs: someone still has to look.
    """
    if not delivery.is_offered:
        return Outcome.NOT_OFFERED
    if plan.conflicts or dead_letters or verification.different:
        return Outcome.UNSETTLED
    is_new = plan.observed_on != plan.newest_reconciled_on
    did_something = is_new or plan.written or plan.pushed or delivery.acknowledged
    return Outcome.DONE if did_something else Outcome.NOTHING_NEW
