"""What walks have found, as scenes of their own: two runs of one tenant, of which one was paused or died."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation_sync.core.products import product_key
from activation_sync.emulator import Fault, Scenario
from tests.proof.actors import Actor, Actors
from tests.proof.crashes import let_lease_run_out
from tests.proof.direct import run_directly
from tests.proof.ground import EMPTY, Ground
from tests.stage import PATCH, Stage

LAGGING = Scenario(users=200, seed=12, report_follows=None)
SENDS, RECORDED, READS_BACK = "request PATCH", "after commit", "request GET office365ActivationsUserCounts"
CORRECT = "UPDATE activation_user_count SET assigned = :assigned WHERE product = :product"
CORRECTED = product_key(LAGGING.products[0])


@pytest.fixture
def stage(ground: Ground) -> Iterator[Stage]:
    """A tenant whose counts report never shows what was PATCHed, after its first night; PATCHes leave one by one."""
    ground.bring_back(EMPTY)
    with ground.staged(LAGGING, write_back={"batch_size": 1, "in_flight": 1}) as stage, Actors.watched():
        begin(stage).play()
        yield stage


def begin(stage: Stage) -> Actor:
    return Actor("run", lambda notice: run_directly(stage.tenant.name, stage.emulator.today, notice))


def night(stage: Stage) -> None:
    begin(stage).play()


@contextmanager
def paused(stage: Stage, at: str) -> Iterator[None]:
    """A run pauses there for longer than its lease; what happens in the block happens meanwhile."""
    run = begin(stage)
    run.play(pauses_after=0, at=at)
    assert not run.has_ended
    let_lease_run_out(stage)
    yield
    run.play()
    assert run.summary is not None
    assert run.summary.error.startswith("LeaseLostError")


def test_a_run_that_wakes_up_with_a_patch_in_hand_raises_a_doubt_and_the_next_night_puts_graph_right(stage: Stage):
    stage.execute(CORRECT, assigned=101, product=CORRECTED)
    with paused(stage, SENDS):
        stage.execute(CORRECT, assigned=102, product=CORRECTED)
        night(stage)
    assert stage.query("SELECT product FROM sync_base WHERE in_doubt") == [(CORRECTED,)]
    assert stage.warehouse_rows() != stage.graph_rows()

    night(stage)

    assert stage.warehouse_rows() == stage.graph_rows()


@pytest.mark.parametrize("step", ["land_report", "load_report", "apply_plan", "deliver_updates", "publish_run"])
def test_a_run_that_was_overtaken_writes_nothing_whichever_step_it_wakes_up_in(stage: Stage, step: str):
    stage.emulator.advance(days=1)
    with paused(stage, f"before {step}"):
        stage.execute(CORRECT, assigned=102, product=CORRECTED)
        night(stage)
        before = stage.ending()

    assert stage.ending() == before
    assert stage.warehouse_rows() == stage.graph_rows()


def test_a_correction_whose_answer_was_lost_and_that_is_taken_back_does_not_stay_in_graph(stage: Stage):
    """Warehouse and what Graph acknowledged are alike again: only the doubt tells that Graph holds something else."""
    [(before,)] = stage.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=CORRECTED)
    stage.execute(CORRECT, assigned=101, product=CORRECTED)
    stage.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    night(stage)
    stage.execute(CORRECT, assigned=before, product=CORRECTED)
    assert stage.warehouse_rows() != stage.graph_rows()

    night(stage)

    assert stage.warehouse_rows() == stage.graph_rows()


def test_what_graph_acknowledged_to_a_run_that_died_is_read_back_by_the_next(stage: Stage):
    """Graph answered with what was sent, and stored nothing; and the run died before it could find out."""
    stage.execute(CORRECT, assigned=101, product=CORRECTED)
    stage.emulator.will_answer(PATCH, Fault(kind="echoed"))
    begin(stage).die(at=READS_BACK)
    let_lease_run_out(stage)
    assert stage.warehouse_rows() != stage.graph_rows()

    for _ in range(2):
        night(stage)

    assert stage.warehouse_rows() == stage.graph_rows()
