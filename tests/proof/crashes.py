"""Kill one night at each of its moments, run again, and compare with the night that nobody disturbed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from activation_sync.core.reports.products import product_key
from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault, Scenario
from activation_sync.emulator.service.world import Moment
from activation_sync.landing.store import Landing
from activation_sync.warehouse.database.lease import NEVER
from activation_sync.warehouse.database.tables import tenant_lease
from tests.proof.direct import run_directly
from tests.proof.evidence import Breach, Evidence, broken_chain, compare, gather
from tests.proof.ground import EMPTY, UNJUDGED, Ground
from tests.proof.people import enter_row
from tests.proof.worker import Life, Night, live
from tests.support.sites.site import PATCH, Site

DRIFT = Scenario(users=200, seed=12, report_follows=None)  # all six products lag, and the report never follows
EVENING = "evening"
LONGEST_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Trial:
    """A night that was killed at one moment and run again. breaches: what should not be; empty when all went well."""

    moment: int
    label: str
    breaches: tuple[Breach, ...]


@dataclass(slots=True)
class Scene:
    """An evening on which everything a run can meet is waiting, kept so that the night can be lived again and again."""

    site: Site
    ground: Ground
    graph: Moment
    batch_size: int

    def live(self, dies_at: int | None = None) -> Life:
        self.site.engine.dispose()
        self.ground.bring_back(EVENING)
        self.site.emulator.go_back(self.graph)
        config = self.site.folder / "activation-sync.toml"
        return live(Night(config, self.site.tenant.name, self.site.emulator.today), dies_at)

    def undisturbed(self) -> tuple[tuple[str, ...], Evidence]:
        """The moments of a night that nobody kills, and what it leaves behind."""
        life = self.live()
        assert life.summary is not None
        assert life.summary.outcome is Outcome.UNSETTLED, life.summary
        sweep_landing(self.site)
        return life.moments, gather(self.site)

    def trial(self, moment: int, expected: Evidence) -> Trial:
        """Die at this moment, run again, run a third time."""
        life = self.live(moment)
        breaches = [*self._breaches_of_lease()]
        let_lease_run_out(self.site)
        breaches += self._breaches_of_run(expected)
        return Trial(moment, life.moments[-1] if life.moments else "", tuple(breaches))

    def _breaches_of_run(self, expected: Evidence) -> Iterator[Breach]:
        self._run()
        sweep_landing(self.site)
        found = gather(self.site)
        yield from compare(expected, found, in_flight=self.batch_size)
        self._run()
        yield from compare(found, gather(self.site), in_flight=0)
        yield from broken_chain(self.site)

    def _run(self) -> None:
        summary = run_directly(self.site.tenant.name, self.site.emulator.today, lambda _: None)
        assert summary.outcome is Outcome.UNSETTLED, summary

    def _breaches_of_lease(self) -> Iterator[Breach]:
        """A killed run blocks nobody for longer than its lease lasts."""
        latest = datetime.now(UTC) + LONGEST_LEASE
        for (expires_at,) in self.site.query("SELECT expires_at FROM tenant_lease"):
            if datetime.fromisoformat(str(expires_at)) > latest:
                yield Breach("left over", f"the lease lasts until {expires_at}")


@contextmanager
def open_scene(ground: Ground, batch_size: int, scenario: Scenario = DRIFT) -> Iterator[Scene]:
    """The evening of the second day: rows are pending, in doubt, dead, corrected, deleted and in conflict."""
    ground.bring_back(EMPTY)
    with ground.staged(scenario, sync=UNJUDGED, write_back={"batch_size": 1, "in_flight": 1}) as site:
        _first_night(site, *scenario.products[:3])
        site.emulator.advance(days=1)
        _day_after(site, *map(product_key, scenario.products))
        site.configure(write_back={"batch_size": batch_size})
        site.engine.dispose()
        ground.keep(EVENING)
        yield Scene(site, ground, site.emulator.keep(), batch_size)


def _first_night(site: Site, refused: str, ignored: str, unanswered: str) -> None:
    site.emulator.will_answer(PATCH, Fault(404, product=refused))
    site.emulator.will_answer(PATCH, Fault(kind="ignored", product=ignored))
    site.emulator.will_answer(PATCH, Fault(kind="answer-lost", product=unanswered))
    summary = run_directly(site.tenant.name, site.emulator.today, lambda _: None)
    assert summary.outcome is Outcome.FAILED, summary
    let_lease_run_out(site)


def _day_after(site: Site, refused: str, ignored: str, unanswered: str, corrected: str, deleted: str, _: str) -> None:
    """What people do to the table; the first two rows are entered before tonight's report says anything of them."""
    correct = "UPDATE activation_user_count SET assigned = assigned + 1 WHERE product = :product"
    site.execute(correct, product=unanswered)
    site.execute(correct, product=corrected)
    site.execute("DELETE FROM activation_user_count WHERE product = :product", product=deleted)
    usage = site.emulator.detail_counts(site.tenant.tenant_id)
    day = str(site.emulator.refreshed_on)
    enter_row(site, (day, refused), (1_000, 900, 0))
    enter_row(site, (day, ignored), usage[ignored])


def let_lease_run_out(site: Site) -> None:
    """A minute passes, as far as the lease can tell."""
    with site.engine.begin() as connection:
        connection.execute(update(tenant_lease).values(expires_at=NEVER))


def sweep_landing(site: Site) -> None:
    """A report is landed two days later; that is when left-overs go."""
    later = Landing(str(site.folder / "landing"), clock=lambda: datetime.now(UTC) + timedelta(days=2))
    landed = later.land("later", "report", [b"later"], "csv")
    (site.folder / "landing" / landed.path).unlink()
