"""`open_emulator`: a Microsoft Graph of one's own, for as long as a block lasts."""

import contextlib
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from activation_sync.emulator.faults.faults import Fault, ScriptedFault
from activation_sync.emulator.faults.journal import JournalEntry
from activation_sync.emulator.http.answers import Call, Door
from activation_sync.emulator.http.server import LOOPBACK, certified, free_socket, serving
from activation_sync.emulator.http.wire import WireResponse
from activation_sync.emulator.scenario import EmulatedTenant, Scenario
from activation_sync.emulator.service.gateway import answer
from activation_sync.emulator.service.steering import script_fault, steering_routes
from activation_sync.emulator.service.world import Moment, World
from activation_sync.emulator.tenant.figures import EmulatedCounts
from activation_sync.emulator.tenant.published import PublishedRow, same_product

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class Emulator:
    """A running emulator, steered from the test that opened it.

    graph_root: reports are at `{graph_root}/v1.0/reports/...`. authority_root: a tenant's authority is
    `{authority_root}/{tenant_id}`. download_host: host and port of the CSV hop. ca_file: what clients must trust.
    """

    def __init__(self, world: World, ca_file: Path) -> None:
        self._world = world
        self.ca_file = ca_file
        self.graph_root = self.authority_root = world.root
        self.download_host = world.download_root.removeprefix("https://")
        self.tenants: tuple[EmulatedTenant, ...] = world.tenants

    @property
    def refreshed_on(self) -> date:
        """The newest reports' refresh date."""
        return self._world.clock.refreshed_on

    @property
    def today(self) -> date:
        """The scenario's day: two days after the refresh date."""
        return self._world.clock.today

    def will_answer(self, operation: str, fault: Fault, tenant: str | None = None, times: int = 1) -> None:
        """Script a fault for the next calls of an operation (names: `faults.OPERATIONS`)."""
        script_fault(self._world, operation, fault, tenant, times)

    def unused_faults(self) -> tuple[ScriptedFault, ...]:
        """Faults that were scripted and have not happened."""
        with self._world.lock:
            return self._world.faults.unused()

    def journal(self) -> tuple[JournalEntry, ...]:
        """Every request served, oldest first; a batch follows its items."""
        return self._world.journal.entries()

    def violations(self) -> tuple[str, ...]:
        """What clients did that they must not do."""
        return tuple(violation for entry in self.journal() for violation in entry.violations)

    def advance(self, days: int = 0, seconds: float = 0.0, refreshes: int = 0) -> None:
        """Move the clock: to later refresh dates, past expiries, or to another publication of the same date."""
        with self._world.lock:
            self._world.advance(days, seconds, refreshes)

    def keep(self) -> Moment:
        """Rows and clock of this moment, to go back to."""
        with self._world.lock:
            return self._world.keep()

    def go_back(self, kept: Moment) -> None:
        """Return to a moment that was kept. Faults and journal are forgotten."""
        with self._world.lock:
            self._world.go_back(kept)

    def forget_faults(self) -> None:
        """Drop the faults that have not happened."""
        with self._world.lock:
            self._world.faults.clear()

    def rows(self, tenant_id: str) -> tuple[PublishedRow, ...]:
        """What `office365ActivationsUserCounts` holds now, of every refresh date so far."""
        with self._world.lock:
            return self._world.rows(self._tenant(tenant_id).tenant_id)

    def detail_counts(self, tenant_id: str) -> dict[str, EmulatedCounts]:
        """What the user detail adds up to now, by product in upper case."""
        return self._world.detail_counts(self._tenant(tenant_id))

    def report_counts(self, tenant_id: str) -> dict[str, EmulatedCounts]:
        """What the counts report shows now, by product in upper case."""
        with self._world.lock:
            shown = self._world.report_counts(self._tenant(tenant_id))
        return {same_product(product): counts for product, counts in shown.items()}

    def _tenant(self, tenant_id: str) -> EmulatedTenant:
        tenant = self._world.tenant_called(tenant_id)
        if tenant is None:
            raise ValueError(f"no tenant is called {tenant_id!r}")
        return tenant


@contextlib.contextmanager
def open_emulator(scenario: Scenario = Scenario()) -> Iterator[Emulator]:  # noqa: B008  frozen
    """Serve a scenario on loopback until the block ends; OSError when a port is taken."""
    with contextlib.ExitStack() as stack:
        graph_socket = stack.enter_context(contextlib.closing(free_socket(scenario.port)))
        download_socket = stack.enter_context(contextlib.closing(free_socket(scenario.download_port)))
        ports = (bound.getsockname()[1] for bound in (graph_socket, download_socket))
        world = World(scenario, *(f"https://{LOOPBACK}:{port}" for port in ports))
        ca_file, context = stack.enter_context(certified(scenario.ca_file))
        apps = [(_app(world, "graph"), graph_socket), (_app(world, "download"), download_socket)]
        stack.enter_context(serving(apps, context))
        yield Emulator(world, ca_file)


def _app(world: World, door: Door) -> Starlette:
    everything = Route("/{path:path}", partial(_answer, world, door), methods=METHODS)
    return Starlette(routes=[*(steering_routes(world) if door == "graph" else ()), everything])


async def _answer(world: World, door: Door, request: Request) -> WireResponse:
    call = Call(
        method=request.method,
        path=request.scope["path"],
        query_string=request.url.query,
        headers=dict(request.headers),
        body=await request.body(),
        door=door,
    )
    return WireResponse(answer(world, call))
