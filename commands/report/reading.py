"""What the page of `activation-sync report` shows of one tenant, read in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from activation_sync.core.pages.bi_rows import (
    DailyCount,
    Drift,
    NightlyDrift,
    OpenConflictRow,
    OpenDeadLetter,
    Restatement,
    RunHealth,
)
from activation_sync.core.pages.charts import newest_counts
from activation_sync.core.pages.unused_licences import NeverActivated, PlatformCount, UserOfProduct
from activation_sync.core.reports.concealment import has_concealed_names
from activation_sync.core.runs.standing import Standing, standing_of
from activation_sync.warehouse.runs.adoption import (
    read_detail_date,
    read_idle_users,
    read_never_activated,
    read_platforms,
)
from activation_sync.warehouse.runs.fleet import read_last_runs
from activation_sync.warehouse.runs.views import (
    read_corrected,
    read_daily_counts,
    read_drift,
    read_nightly_drift,
    read_open_conflicts,
    read_open_dead_letters,
    read_restatements,
    read_run_health,
)
from config.settings import TenantSettings

SHOWN_DATES = 90
SHOWN_ROWS = 50
MOST_DRIFT = 2000  # rows; those that are alike are shown as one
SHOWN_RUNS = 30
SHOWN_USERS = 1000  # of each product


@dataclass(frozen=True, slots=True)
class IdleUsers:
    """Users by name, a list a product; or why there is none."""

    lists: dict[str, list[UserOfProduct]]
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class TenantHistory:
    """All the page shows of one tenant; lists are cut to what a page can bear, the newest first or last kept.

    corrected: refresh date, product and measure of each value that a person settled and that stands.
    """

    tenant: str
    standing: Standing
    counts: list[DailyCount]
    corrected: frozenset[tuple[date, str, str]]
    detail_on: date | None
    never_activated: list[NeverActivated]
    idle_users: IdleUsers
    platforms: list[PlatformCount]
    nights: list[NightlyDrift]
    drift: list[Drift]
    restatements: list[Restatement]
    conflicts: list[OpenConflictRow]
    dead_letters: list[OpenDeadLetter]
    runs: list[RunHealth]

    @property
    def is_empty(self) -> bool:
        return not self.counts

    @property
    def newest_on(self) -> date | None:
        return self.counts[-1].refreshed_on if self.counts else None

    @property
    def newest(self) -> list[DailyCount]:
        """The products of the newest refresh date, most assigned users first."""
        return newest_counts(self.counts)

    def corrected_of(self, product: str) -> set[tuple[date, str]]:
        return {(refreshed_on, measure) for refreshed_on, of, measure in self.corrected if of == product}

    @property
    def is_newest_corrected(self) -> bool:
        return any(refreshed_on == self.newest_on for refreshed_on, _, _ in self.corrected)

    @property
    def surplus(self) -> list[DailyCount]:
        """Products with more activated users than assigned ones, on the newest refresh date."""
        return [count for count in self.newest if (count.activated or 0) > (count.assigned or 0)]


def read_history(conn: Connection, settings: TenantSettings, at: datetime, with_names: bool) -> TenantHistory:
    """with_names: list the users who never activated, where their names are kept."""
    tenant = settings.name
    never_activated = read_never_activated(conn, tenant)
    counts = read_daily_counts(conn, tenant, SHOWN_DATES)
    idle = [row.product for row in never_activated if row.never_activated] if with_names else []
    return TenantHistory(
        tenant=tenant,
        standing=_standing(conn, settings, at),
        counts=counts,
        corrected=_corrected(conn, tenant, counts),
        detail_on=read_detail_date(conn, tenant),
        never_activated=never_activated,
        idle_users=_named(settings, {product: read_idle_users(conn, tenant, product, SHOWN_USERS) for product in idle}),
        platforms=read_platforms(conn, tenant),
        nights=read_nightly_drift(conn, tenant, SHOWN_DATES),
        drift=read_drift(conn, tenant, MOST_DRIFT),
        restatements=read_restatements(conn, tenant, SHOWN_ROWS),
        conflicts=read_open_conflicts(conn, tenant, SHOWN_ROWS),
        dead_letters=read_open_dead_letters(conn, tenant, SHOWN_ROWS),
        runs=read_run_health(conn, tenant, SHOWN_RUNS),
    )


def _standing(conn: Connection, settings: TenantSettings, at: datetime) -> Standing:
    [last] = read_last_runs(conn, [settings.name], at)
    return standing_of(last, at.date(), settings.sync.stale_after_days)


def _corrected(conn: Connection, tenant: str, counts: list[DailyCount]) -> frozenset[tuple[date, str, str]]:
    """Of the refresh dates that are shown."""
    found = read_corrected(conn, tenant, since=counts[0].refreshed_on) if counts else []
    return frozenset((one.refreshed_on, one.product, one.measure) for one in found)


def _named(settings: TenantSettings, lists: dict[str, list[UserOfProduct]]) -> IdleUsers:
    if not lists:
        return IdleUsers({})
    if settings.sync.names != "keep":
        return IdleUsers({}, f'names are not kept here (sync.names = "{settings.sync.names}")')
    if any(has_concealed_names(user.user_principal_name) for users in lists.values() for user in users):
        return IdleUsers({}, "Microsoft Graph conceals names in the reports of this tenant")
    return IdleUsers(lists)
