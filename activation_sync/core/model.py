"""The values that pass between the rooms.

Roles (observed, warehouse, published), verbs and units follow the glossary in README.md.
`None` is absent, which is never 0. Every count is absolute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Report(StrEnum):
    """The three activation reports of Microsoft Graph."""

    USER_COUNTS = "user-counts"
    USER_DETAIL = "user-detail"
    PLATFORM_COUNTS = "platform-counts"


class Measure(StrEnum):
    """What is counted, in users (never devices), per product and refresh date. Each is a field of `Counts`."""

    ASSIGNED = "assigned"
    ACTIVATED = "activated"
    SHARED_COMPUTER_ACTIVATION = "shared_computer_activation"

    @property
    def column(self) -> str:
        """Its column in Graph's CSV, such as `Shared Computer Activation`."""
        return self.replace("_", " ").title()

    @property
    def json_name(self) -> str:
        """Its property in Graph's JSON, such as `sharedComputerActivation`."""
        first, *rest = self.split("_")
        return first + "".join(map(str.capitalize, rest))


class Decision(StrEnum):
    """How one measure was settled; the table stands in `decide`. Only a person reverts or withdraws."""

    KEEP = "keep"
    PULL = "pull"
    ADOPT = "adopt"
    CONVERGE = "converge"
    CONFLICT = "conflict"
    REVERT = "revert"
    WITHDRAW = "withdraw"


class ConflictPolicy(StrEnum):
    """Who wins when observed and warehouse both moved, apart."""

    HOLD = "hold"
    WAREHOUSE = "warehouse"
    OBSERVED = "observed"


class Key(NamedTuple):
    """What is reconciled: one product on one refresh date (UTC) of one tenant."""

    refreshed_on: date
    product: str


class Counts(NamedTuple):
    """Users of one product on one refresh date, a field a measure; None where the source does not say.

    assigned: users who hold a licence. activated: users who activated; may exceed assigned after licences are
    taken away. shared_computer_activation: users who activated on a shared computer.
    Source: learn.microsoft.com/graph/api/reportroot-getoffice365activationsusercounts
    """

    assigned: int | None = None
    activated: int | None = None
    shared_computer_activation: int | None = None

    @property
    def is_absent(self) -> bool:
        """True when no measure is known."""
        return self == NOT_REPORTED


NOT_REPORTED = Counts()


@dataclass(frozen=True, slots=True)
class CountRow:
    """What a report says of one product.

    product: our name for it (see `core.products`). product_type: the same as Graph spells it.
    refreshed_on: Graph's "Report Refresh Date", UTC; commonly 2 days behind the run.
    """

    refreshed_on: date
    product: str
    product_type: str
    counts: Counts

    @property
    def key(self) -> Key:
        return Key(self.refreshed_on, self.product)


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """Activations (not users) of one product by platform; one user may have several on Windows."""

    refreshed_on: date
    product: str
    windows: int | None
    mac: int | None
    android: int | None
    ios: int | None
    windows_10_mobile: int | None


class DetailRow(NamedTuple):
    """One user's activations of one product. A tuple, because a report may hold millions.

    The names are personal data: never in logs or messages. last_activated_on: None when never activated.
    """

    refreshed_on: date
    user_principal_name: str
    display_name: str
    product: str
    last_activated_on: date | None
    windows: int | None
    mac: int | None
    windows_10_mobile: int | None
    ios: int | None
    android: int | None
    activated_on_shared_computer: bool | None


@dataclass(frozen=True, slots=True)
class KeyState:
    """All that is known of one key when a plan is made.

    observed, warehouse, published: the three roles; `published` is what the counts report shows.
    agreed .. published_seen: what we remember. in_doubt: a PATCH left and its outcome is not known.
    is_published: a counts report of this refresh date has landed; without one, published is unknown, not absent.
    refused, refused_published: what a dead letter of this key carried, and what the report showed then.
    queued, queued_published: the same of an update that waits in the outbox.
    graph_id: the id Graph gave the row. product_type: as Graph spells the product.
    observed_id, published_id: the landed reports that say so; for the ledger only, nothing is decided by them.
    """

    key: Key
    product_type: str
    observed: Counts = NOT_REPORTED
    warehouse: Counts = NOT_REPORTED
    published: Counts = NOT_REPORTED
    agreed: Counts = NOT_REPORTED
    observed_seen: Counts = NOT_REPORTED
    acknowledged: Counts = NOT_REPORTED
    published_seen: Counts = NOT_REPORTED
    is_published: bool = False
    in_doubt: bool = False
    refused: Counts | None = None
    refused_published: Counts = NOT_REPORTED
    queued: Counts | None = None
    queued_published: Counts = NOT_REPORTED
    graph_id: str | None = None
    observed_id: str | None = None
    published_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportSize:
    """Rows of tonight's report beside those of the one before it (None: there was none)."""

    report: Report
    refreshed_on: date
    rows: int
    rows_before: int | None = None


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The counts of one refresh date, by product."""

    refreshed_on: date
    counts: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a plan is made from; the order of `states` and `sizes` means nothing.

    newest_reconciled_on: newest refresh date settled before this run; None on the first.
    observed_on: refresh date of tonight's observed report; None when a replay has none.
    as_of: the day on which the reports are judged, UTC; None when there are none.
    settled_before: for each refresh date of the observed reports, the settled counts of the one before it.
    reported_near: for the same dates, the counts report of that date, or the nearest within three days; empty where
    the counts report is itself observed.
    served_on: refresh date of the newest counts report that Graph gave; it will not serve an older one again.
    """

    tenant: str
    states: tuple[KeyState, ...]
    sizes: tuple[ReportSize, ...] = ()
    observed_on: date | None = None
    newest_reconciled_on: date | None = None
    as_of: date | None = None
    settled_before: Mapping[date, DayCounts] = field(default_factory=dict)
    reported_near: Mapping[date, DayCounts] = field(default_factory=dict)
    served_on: date | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run is held, and who wins a conflict. Shares are 0..1.

    few_users: a change of no more users than this is never too much. min_judged_rows: the same of fewer rows.
    """

    max_change_share: float = 0.3
    max_contradiction_share: float = 0.25
    max_shrink_share: float = 0.3
    few_users: int = 10
    min_judged_rows: int = 20
    conflict_policy: ConflictPolicy = ConflictPolicy.HOLD


@dataclass(frozen=True, slots=True)
class Change:
    """One key that is written, pushed, or held by a conflict.

    decisions: one per measure, in the order of `Measure`. settled: the value agreed on (warehouse's own where held).
    published: what Graph is taken to hold (the report, overlaid with what it acknowledged since).
    is_written: the warehouse row changes. is_pushed: a PATCH goes out. waits_for_report: it would, but Graph has
    not published this refresh date yet. is_resolved: a person decided a conflict on it; measures still in conflict
    stay as they are, and keep the row from being pushed.
    """

    state: KeyState
    decisions: tuple[Decision, ...]
    settled: Counts
    published: Counts
    is_written: bool
    is_pushed: bool
    waits_for_report: bool = False
    is_resolved: bool = False

    @property
    def key(self) -> Key:
        return self.state.key

    @property
    def is_conflict(self) -> bool:
        """True when a person must decide; the row is neither written nor pushed."""
        return Decision.CONFLICT in self.decisions


@dataclass(frozen=True, slots=True)
class Finding:
    """One guard that says no: its name, and a message with numbers and remedy."""

    guard: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one run in a stable order, the guards' findings, and the digest a person approves.

    kept: keys looked at that need nothing. The digest is of the content alone, whatever order the inputs came in.
    served_on: as its inputs say.
    """

    tenant: str
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    digest: str
    kept: int = 0
    observed_on: date | None = None
    newest_reconciled_on: date | None = None
    served_on: date | None = None

    @property
    def is_held(self) -> bool:
        return bool(self.findings)
