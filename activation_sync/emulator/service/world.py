"""All state of one emulated Graph, behind one lock."""

import secrets
import threading
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation_sync.emulator.faults.faults import FaultQueue
from activation_sync.emulator.faults.journal import Journal
from activation_sync.emulator.faults.throttle import Judge, Throttle
from activation_sync.emulator.http.answers import Refusal
from activation_sync.emulator.scenario import EmulatedTenant, Scenario, make_tenants
from activation_sync.emulator.tenant.clock import ScenarioClock
from activation_sync.emulator.tenant.editions import TABLES, Edition
from activation_sync.emulator.tenant.figures import EmulatedCounts, Licence, make_licences
from activation_sync.emulator.tenant.published import NEVER, Published, PublishedRow, same_product

FORGOTTEN = timedelta(hours=1)  # until then an expired URL is known to have expired


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a pre-authenticated URL stands for; it opens one report of one tenant until it expires."""

    edition: Edition
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """Rows and clock as they were at one moment."""

    published: Published
    clock: ScenarioClock


class World:
    """The state that calls read and change. Whoever uses it holds `lock`; streamed bodies do not need it."""

    def __init__(self, scenario: Scenario, root: str, download_root: str) -> None:
        self.scenario, self.root, self.download_root = scenario, root, download_root
        self.lock = threading.RLock()
        self.signing_key = secrets.token_bytes(32)
        self.clock = ScenarioClock(scenario.first_refreshed_on)
        self.tenants = make_tenants(scenario)
        self.licences: Mapping[str, tuple[Licence, ...]] = {
            tenant.tenant_id: make_licences(scenario, tenant) for tenant in self.tenants
        }
        self.published = Published(scenario.seed, self.licences)
        self.faults, self.journal, self.throttle, self.judge = FaultQueue(), Journal(), Throttle(), Judge()
        self._by_name = {name: tenant for tenant in self.tenants for name in tenant.names}
        self._tickets: dict[str, Ticket] = {}
        self._open_day()

    def advance(self, days: int = 0, seconds: float = 0.0, refreshes: int = 0) -> None:
        """Move the clock; every day passed publishes its rows."""
        if min(days, seconds, refreshes) < 0:
            raise ValueError(f"the clock only moves forward: {days} days, {seconds} s, {refreshes} refreshes")
        for _ in range(days):
            self.clock.next_day()
            self._open_day()
        self.clock.refresh(refreshes)
        self.clock.skip(seconds)

    def keep(self) -> Moment:
        """What `go_back` needs to return to this moment."""
        return Moment(self.published.copied(), copy(self.clock))

    def go_back(self, kept: Moment) -> None:
        """Rows and clock as they were then; faults, journal and throttling start anew. Tokens stay good."""
        self.published, self.clock = kept.published.copied(), copy(kept.clock)
        self.throttle, self.judge = Throttle(), Judge()
        self.faults.clear()
        self.journal.clear()

    def tenant_called(self, name: str) -> EmulatedTenant | None:
        """The tenant with this id, name or domain."""
        return self._by_name.get(name.lower())

    def edition(self, tenant: EmulatedTenant, report: str) -> Edition:
        """The report as it stands now."""
        return Edition(
            report=report,
            tenant=tenant,
            licences=self.licences[tenant.tenant_id],
            users=self.scenario.users,
            day=self.clock.day,
            dated=self.clock.refreshed_on,
            published=tuple(self.report_counts(tenant).items()) if TABLES[report].is_published else (),
            columns=self.scenario.columns,
            is_concealed=self.scenario.conceal_names,
        )

    def report_counts(self, tenant: EmulatedTenant) -> dict[str, EmulatedCounts]:
        """What the counts report shows now, by product."""
        rows = self.published.rows(tenant.tenant_id, self.clock.refreshed_on)
        return {row.product_type: row.shown(self.clock.refreshes) for row in rows}

    def detail_counts(self, tenant: EmulatedTenant) -> dict[str, EmulatedCounts]:
        """What the user detail adds up to now, by product in upper case; products nobody holds are absent."""
        day, licences = self.clock.day, self.licences[tenant.tenant_id]
        return {same_product(licence.product): licence.counts(day) for licence in licences if licence.assigned(day)}

    def issue_ticket(self, edition: Edition) -> str:
        """A pre-authenticated URL for this edition. It is a secret while it lasts."""
        now = self.clock.now()
        self._tickets = {name: ticket for name, ticket in self._tickets.items() if ticket.expires_at > now - FORGOTTEN}
        name = secrets.token_urlsafe(24)
        self._tickets[name] = Ticket(edition, now + timedelta(seconds=self.scenario.download_lifetime_s))
        return f"{self.download_root}/data/download/{name}"

    def ticket(self, name: str) -> Ticket:
        """What a pre-authenticated URL stands for, expired or not."""
        if name not in self._tickets:
            raise Refusal(404, "ItemNotFound", "This download does not exist, or no longer.")
        return self._tickets[name]

    def shown_from(self) -> int:
        """The refresh from which the counts report shows a PATCH accepted now."""
        follows = self.scenario.report_follows
        return NEVER if follows is None else self.clock.refreshes + follows

    def rows(self, tenant_id: str) -> tuple[PublishedRow, ...]:
        return tuple(self.published.rows(tenant_id))

    def _open_day(self) -> None:
        for tenant in self.tenants:
            self.published.open_day(tenant, self.clock.day, self.clock.refreshed_on, self.clock.refreshes)
