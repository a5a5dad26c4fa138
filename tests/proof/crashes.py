"""Kill one night at each of its moments, run again, and compare with the night that nobody disturbed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from activation_sync.core.products import product_key
from activation_sync.core.run import Outcome
from activation_sync.emulator import Fault, Scenario
from activation_sync.emulator.world import Kept
from activation_sync.landing.store import Landing
from activation_sync.warehouse.lease import NEVER
from activation_sync.warehouse.tables import tenant_lease
from tests.proof.direct import run_directly
from tests.proof.evidence import Breach, Evidence, broken_chain, compare, gather
from tests.proof.ground import EMPTY, Ground
from tests.proof.people import enter_row
from tests.proof.worker import Life, Night, live
from tests.stage import PATCH, Stage

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

    stage: Stage
    ground: Ground
    graph: Kept
    batch_size: int

    def live(self, dies_at: int | None = None) -> Life:
        self.stage.engine.dispose()
        self.ground.bring_back(EVENING)
        self.stage.emulator.go_back(self.graph)
        config = self.stage.folder / "activation-sync.toml"
        return live(Night(config, self.stage.tenant.name, self.stage.emulator.today), dies_at)

    def undisturbed(self) -> tuple[tuple[str, ...], Evidence]:
        """The moments of a night that nobody kills, and what it leaves behind."""
        life = self.live()
        assert life.summary is not None
        assert life.summary.outcome is Outcome.UNSETTLED, life.summary
        sweep_landing(self.stage)
        return life.moments, gather(self.stage)

    def trial(self, moment: int, expected: Evidence) -> Trial:
        """Die at this moment, run again, run a third time."""
        life = self.live(moment)
        breaches = [*self._breaches_of_lease()]
        let_lease_run_out(self.stage)
        breaches += self._breaches_of_run(expected)
        return Trial(moment, life.moments[-1] if life.moments else "", tuple(breaches))

    def _breaches_of_run(self, expected: Evidence) -> Iterator[Breach]:
        self._run()
        sweep_landing(self.stage)
        found = gather(self.stage)
        yield from compare(expected, found, in_flight=self.batch_size)
        self._run()
        yield from compare(found, gather(self.stage), in_flight=0)
        yield from broken_chain(self.stage)

    def _run(self) -> None:
        summary = run_directly(self.stage.tenant.name, self.stage.emulator.today, lambda _: None)
        assert summary.outcome is Outcome.UNSETTLED, summary

    def _breaches_of_lease(self) -> Iterator[Breach]:
        """A killed run blocks nobody for longer than its lease lasts."""
        latest = datetime.now(UTC) + LONGEST_LEASE
        for (expires_at,) in self.stage.query("SELECT expires_at FROM tenant_lease"):
            if datetime.fromisoformat(str(expires_at)) > latest:
                yield Breach("left over", f"the lease lasts until {expires_at}")


@contextmanager
def open_scene(ground: Ground, batch_size: int, scenario: Scenario = DRIFT) -> Iterator[Scene]:
    """The evening of the second day: rows are pending, in doubt, dead, corrected, deleted and in conflict."""
    ground.bring_back(EMPTY)
    with ground.staged(scenario, write_back={"batch_size": 1, "in_flight": 1}) as stage:
        _first_night(stage, *scenario.products[:3])
        stage.emulator.advance(days=1)
        _day_after(stage, *map(product_key, scenario.products))
        stage.configure(write_back={"batch_size": batch_size})
        stage.engine.dispose()
        ground.keep(EVENING)
        yield Scene(stage, ground, stage.emulator.keep(), batch_size)


def _first_night(stage: Stage, refused: str, ignored: str, unanswered: str) -> None:
    stage.emulator.will_answer(PATCH, Fault(404, product=refused))
    stage.emulator.will_answer(PATCH, Fault(kind="ignored", product=ignored))
    stage.emulator.will_answer(PATCH, Fault(kind="answer-lost", product=unanswered))
    summary = run_directly(stage.tenant.name, stage.emulator.today, lambda _: None)
    assert summary.outcome is Outcome.FAILED, summary
    let_lease_run_out(stage)


def _day_after(stage: Stage, refused: str, ignored: str, unanswered: str, corrected: str, deleted: str, _: str) -> None:
    """What people do to the table; the first two rows are entered before tonight's report says anything of them."""
    correct = "UPDATE activation_user_count SET assigned = assigned + 1 WHERE product = :product"
    stage.execute(correct, product=unanswered)
    stage.execute(correct, product=corrected)
    stage.execute("DELETE FROM activation_user_count WHERE product = :product", product=deleted)
    usage = stage.emulator.detail_counts(stage.tenant.tenant_id)
    day = str(stage.emulator.refreshed_on)
    enter_row(stage, (day, refused), (1_000, 900, 0))
    enter_row(stage, (day, ignored), usage[ignored])


def let_lease_run_out(stage: Stage) -> None:
    """A minute passes, as far as the lease can tell."""
    with stage.engine.begin() as connection:
        connection.execute(update(tenant_lease).values(expires_at=NEVER))


def sweep_landing(stage: Stage) -> None:
    """A report is landed two days later; that is when left-overs go."""
    later = Landing(str(stage.folder / "landing"), clock=lambda: datetime.now(UTC) + timedelta(days=2))
    landed = later.land("later", "report", [b"later"], "csv")
    (stage.folder / "landing" / landed.path).unlink()
