"""What the warehouse remembers, as rows of its views for BI: a class a view, a field a column.

`warehouse/VIEWS.md` says what each column means, where a name does not. Counts are users, None where not known.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DailyCount:
    """One product on one refresh date. adoption_share: activated of assigned; above 1 where more are activated."""

    tenant: str
    refreshed_on: date
    product: str
    assigned: int | None
    activated: int | None
    shared_computer_activation: int | None
    adoption_share: float | None
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class MonthEndCount:
    """One product at its last refresh date of a month.

    month: `2026-11`. tenant_refreshed_on: the tenant's last refresh date of that month; later than `refreshed_on` when
    the product was no longer reported. observed_id: the landed report its last decision rests on.
    """

    tenant: str
    month: str
    product: str
    assigned: int | None
    activated: int | None
    shared_computer_activation: int | None
    adoption_share: float | None
    refreshed_on: date
    tenant_refreshed_on: date
    days_before_month_end: int
    updated_at: datetime
    updated_by: str
    observed_id: str | None


@dataclass(frozen=True, slots=True)
class RunHealth:
    """One run, in rows. What is said at the end of a run is None while it runs, or when it was killed."""

    run_id: str
    tenant: str
    kind: str
    as_of: date
    who: str
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_s: float | None
    throttled_s: float | None
    outcome: str | None
    refreshed_on: date | None
    report_age_days: int | None
    is_stale: bool | None
    written: int | None
    pushed: int | None
    acknowledged: int | None
    pending: int | None
    waiting: int | None
    read_back_equal: int | None
    read_back_different: int | None
    conflicts: int | None
    dead_letters: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class NightlyDrift:
    """How far Graph was from what the runs of one night settled on, before they sent anything."""

    tenant: str
    as_of: date
    rows_apart: int
    assigned_users: int
    activated_users: int
    shared_computer_activation_users: int


@dataclass(frozen=True, slots=True)
class Drift:
    """One warehouse row beside what Graph is taken to hold. state: equal, apart, in doubt or unknown."""

    tenant: str
    refreshed_on: date
    product: str
    state: str
    warehouse_assigned: int | None
    published_assigned: int | None
    warehouse_activated: int | None
    published_activated: int | None
    warehouse_shared_computer_activation: int | None
    published_shared_computer_activation: int | None
    drift_assigned: int | None
    drift_activated: int | None
    drift_shared_computer_activation: int | None


@dataclass(frozen=True, slots=True)
class Restatement:
    """A product of which Microsoft's newest report of one refresh date says something else than its first.

    Of reports that runs applied; what we sent ourselves is no restatement.
    """

    tenant: str
    report: str
    refreshed_on: date
    product: str
    first_assigned: int | None
    newest_assigned: int | None
    first_activated: int | None
    newest_activated: int | None
    first_shared_computer_activation: int | None
    newest_shared_computer_activation: int | None
    versions: int
    first_landed_at: datetime
    newest_landed_at: datetime
    newest_reconciled_at: datetime
    first_id: str
    newest_id: str


@dataclass(frozen=True, slots=True)
class CorrectedCount:
    """One measure on which a person's value stands, against what the usage data showed then."""

    refreshed_on: date
    product: str
    measure: str


@dataclass(frozen=True, slots=True)
class OpenConflictRow:
    """One measure on which usage data and warehouse moved apart, waiting for a person."""

    tenant: str
    refreshed_on: date
    product: str
    measure: str
    agreed: int | None
    observed: int | None
    warehouse: int | None
    published: int | None
    run_id: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class OpenDeadLetter:
    """An update that Graph refused for good, with its answer."""

    outbox_id: int
    tenant: str
    refreshed_on: date
    product: str
    assigned: int | None
    activated: int | None
    shared_computer_activation: int | None
    attempts: int
    status: int | None
    request_id: str | None
    answer: str | None
    created_at: datetime
    refused_at: datetime
