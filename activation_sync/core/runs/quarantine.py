"""When a tenant that fails night after night is left alone, and when it is tried again. Pure.

No table stores this: it is computed each time from the runs since the tenant's last good one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import is_of_tenant

NIGHTS = 3  # on which a tenant must have failed, with nothing good between
TRIED_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Since which night a tenant is left out, and the first night on which it is tried again."""

    since: date
    tried_again_on: date

    @property
    def first_left_out_on(self) -> date:
        return self.since + timedelta(days=1)

    def is_due(self, night: date) -> bool:
        """True on a night on which the tenant is tried again."""
        return night >= self.tried_again_on


@dataclass(frozen=True, slots=True)
class Turnout:
    """One night of all tenants: how many ran, and how many of them had no run that went well."""

    ran: int
    failed: int

    @property
    def is_outage(self) -> bool:
        """True when most tenants failed: then they have one cause, and the night says nothing about a single tenant."""
        return 2 * self.failed > self.ran


def is_its_own(failure: RunSummary) -> bool:
    """True when a failed run says something about its tenant."""
    return is_of_tenant(failure.error_kind)


def quarantine_of(failed_on: Collection[date], turnouts: Mapping[date, Turnout]) -> Quarantine | None:
    """None while a tenant is tried every night.

    failed_on: the nights on which it failed by its own fault since its last good run. turnouts: of those nights, as
    far as anybody ran then.
    """
    outages = {night for night, turnout in turnouts.items() if turnout.is_outage}
    nights = sorted(set(failed_on) - outages)
    if len(nights) < NIGHTS:
        return None
    return Quarantine(nights[NIGHTS - 1], nights[-1] + TRIED_AGAIN_AFTER)
