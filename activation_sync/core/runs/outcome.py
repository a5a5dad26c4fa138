"""What a run did, in small values that may be shown anywhere: free of secrets and of user names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from activation_sync.core.rule.delivery import Delivery, Verification


class RunKind(StrEnum):
    """What a run is for: the job itself, or something a person did; each is one entry of the history."""

    SYNC = "sync"
    RESOLVE = "resolve"
    RETRY = "retry"
    REVERT = "revert"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
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
    delivery: Delivery = field(default_factory=Delivery)
    verification: Verification = field(default_factory=Verification)
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
    is_new = plan.observed_on not in (None, plan.newest_reconciled_on)
    did_something = is_new or plan.written or plan.pushed or delivery.acknowledged
    return Outcome.DONE if did_something else Outcome.NOTHING_NEW
