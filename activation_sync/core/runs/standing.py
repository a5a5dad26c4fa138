"""The condition of each of many tenants, since when, why, and what to do: from the warehouse alone. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from activation_sync.core.phrases import rows_words
from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.quarantine import Quarantine
from activation_sync.core.runs.report_age import age_words, is_stale
from activation_sync.core.runs.summary import RunSummary, outcome_words

NAMED_TENANTS = 5  # in the sentence of a fleet; its table names them all


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the warehouse remembers of a tenant's newest runs of the job itself.

    outcome, as_of, refreshed_on: of the newest run that ended; None when none has ended. since: when the first of the
    unbroken row of runs with this outcome began. summary: of that newest run, if it was not a good one. unended_at:
    when the newest run began, if it has not ended; is_alive: its lease has not run out.
    """

    tenant: str
    outcome: Outcome | None = None
    as_of: date | None = None
    since: datetime | None = None
    refreshed_on: date | None = None
    summary: RunSummary | None = None
    unended_at: datetime | None = None
    is_alive: bool = False
    quarantine: Quarantine | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one tenant stands. since: the day (UTC) on which its present condition began; None: never run.

    ran_for: the night of the run that says so, where a run does.
    """

    tenant: str
    condition: Condition
    since: date | None = None
    why: str = ""
    quarantine: Quarantine | None = None
    ran_for: date | None = None

    @property
    def remedy(self) -> str:
        return self.condition.remedy.format(self.tenant)


def standing_of(last: LastRun, night: date, stale_after_days: int) -> Standing:
    """Where a tenant stands on a night; stale_after_days: the age at which its report counts as old."""
    is_left_out = last.quarantine is not None and not last.quarantine.is_due(night)
    if last.unended_at and (last.is_alive or not is_left_out):
        condition = Condition.RUNNING if last.is_alive else Condition.LOST
        return Standing(last.tenant, condition, last.unended_at.date(), _unended_words(last), last.quarantine)
    if last.outcome is None or last.since is None:
        return Standing(last.tenant, Condition.NEVER_RUN)
    if last.quarantine and is_left_out:
        since = last.quarantine.first_left_out_on
        return Standing(last.tenant, Condition.QUARANTINED, since, quarantine_words(last), last.quarantine)
    condition = last.outcome.condition
    if condition is Condition.FINE and last.refreshed_on and is_stale(last.refreshed_on, night, stale_after_days):
        return _stale(last.tenant, last.refreshed_on, night, stale_after_days)
    return Standing(last.tenant, condition, last.since.date(), _why(last), last.quarantine, last.as_of)


def malformed(standing: Standing, mistakes: str) -> Standing:
    """The same of a tenant whose entry in the configuration holds mistakes: it fails, whatever its last run says."""
    since = standing.since if standing.condition is Condition.FAILED else None
    return replace(standing, condition=Condition.FAILED, since=since, why=mistakes)


def with_open_ends(standing: Standing, open_ends: int) -> Standing:
    """The same once open conflicts and dead letters are counted: some may have come since the last run."""
    is_as_bad = standing.condition.rank <= Condition.UNSETTLED.rank or standing.condition is Condition.RUNNING
    return standing if is_as_bad or not open_ends else replace(standing, condition=Condition.UNSETTLED, since=None)


def not_run(standings: Sequence[Standing], night: date) -> list[Standing]:
    """The same at the end of that night: a tenant that was fine, but did not run that night, is no longer fine."""
    return [_not_run(one, night) if one.ran_for and one.ran_for < night else one for one in standings]


def _not_run(standing: Standing, night: date) -> Standing:
    if standing.condition is not Condition.FINE:
        return standing
    return replace(standing, condition=Condition.NOT_RUN, since=night, why=f"the last run was for {standing.ran_for}")


def fleet_words(standings: Sequence[Standing], began_on: date = date.min) -> str:
    """How all tenants are, in a sentence; then the most urgent ones of those that need attention.

    began_on: the day (UTC) of the fleet; tenants whose trouble is older come after all others.
    """
    pressing = [standing for standing in in_order(standings) if standing.condition.is_pressing]
    pressing.sort(key=lambda standing: is_known(standing, began_on))
    named = [f"{standing.tenant}: {standing.condition}, {_since_words(standing)}." for standing in pressing]
    more = [f"And {len(pressing) - NAMED_TENANTS:,} more."] if len(pressing) > NAMED_TENANTS else []
    return " ".join([totals_words(standings), *named[:NAMED_TENANTS], *more])


def totals_words(standings: Sequence[Standing]) -> str:
    """How many tenants are in each condition, the most urgent first."""
    counted = Counter(standing.condition for standing in standings)
    totals = ", ".join(f"{counted[condition]:,} {condition}" for condition in Condition if counted[condition])
    return f"{rows_words(len(standings), 'tenant')}: {totals or 'none'}."


def is_known(standing: Standing, began_on: date) -> bool:
    """True for a trouble that fails a flow run, but began before the day (UTC) of this one: people know of it."""
    return standing.condition.fails_flow and standing.since is not None and standing.since < began_on


def begun_since(standings: Sequence[Standing], day: date) -> list[Standing]:
    """Tenants that need attention, and whose condition began on that day (UTC) or later."""
    return [one for one in standings if one.condition.is_pressing and one.since and one.since >= day]


def fleet_rows(standings: Sequence[Standing]) -> list[dict[str, str]]:
    """A row a tenant, the most pressing first, and of these the longest lasting."""
    return [
        {
            "tenant": standing.tenant,
            "remedy": standing.remedy,
            "why": standing.why,
            "condition": standing.condition.value,
            "since": str(standing.since or "-"),
        }
        for standing in in_order(standings)
    ]


def in_order(standings: Sequence[Standing]) -> list[Standing]:
    """The most pressing first, and of these the longest lasting."""
    return sorted(standings, key=lambda one: (one.condition.rank, one.since or date.max, one.tenant))


def worst_of(standings: Sequence[Standing]) -> Condition:
    """The most urgent condition; FINE when there is no tenant."""
    return min((one.condition for one in standings), key=lambda one: one.rank, default=Condition.FINE)


def quarantine_words(last: LastRun) -> str:
    """Why a tenant was left out tonight; empty when it was not in quarantine."""
    return f"{_quarantine_words(last.quarantine)} {_why(last)}" if last.quarantine else ""


def _quarantine_words(quarantine: Quarantine) -> str:
    return f"It failed on several nights, so it is left out from {quarantine.since} until {quarantine.tried_again_on}."


def _why(last: LastRun) -> str:
    return (last.summary.error or outcome_words(last.summary)) if last.summary else ""


def _unended_words(last: LastRun) -> str:
    return (
        f"at work since {last.unended_at:%H:%M} UTC"
        if last.is_alive
        else f"started {last.unended_at:%H:%M} UTC and never ended"
    )


def _stale(tenant: str, refreshed_on: date, night: date, stale_after_days: int) -> Standing:
    why = f"the newest report is of {age_words(refreshed_on, night)}"
    return Standing(tenant, Condition.STALE, refreshed_on + timedelta(days=stale_after_days + 1), why)


def _since_words(standing: Standing) -> str:
    return f"since {standing.since}" if standing.since else "so far"
