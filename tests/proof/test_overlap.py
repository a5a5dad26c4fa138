"""What walks have found, as scenes of their own: two runs of one tenant, of which one was paused or died."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from activation_sync.core.reports.products import product_key
from activation_sync.emulator import Fault, Scenario
from tests.proof.actors import Actor, Actors
from tests.proof.crashes import let_lease_run_out
from tests.proof.direct import run_directly
from tests.proof.ground import EMPTY, UNJUDGED, Ground
from tests.support.sites.site import PATCH, Site

LAGGING = Scenario(users=200, seed=12, report_follows=None)
SENDS, RECORDED, READS_BACK = "request PATCH", "after commit", "request GET office365ActivationsUserCounts"
CORRECT = "UPDATE activation_user_count SET assigned = :assigned WHERE product = :product"
CORRECTED = product_key(LAGGING.products[0])


@pytest.fixture
def site(ground: Ground) -> Iterator[Site]:
    """A tenant whose counts report never shows what was PATCHed, after its first night; PATCHes leave one by one."""
    ground.bring_back(EMPTY)
    with ground.staged(LAGGING, sync=UNJUDGED, write_back={"batch_size": 1, "in_flight": 1}) as site, Actors.watched():
        begin(site).play()
        yield site


def begin(site: Site) -> Actor:
    return Actor("run", lambda notice: run_directly(site.tenant.name, site.emulator.today, notice))


def night(site: Site) -> None:
    begin(site).play()


@contextmanager
def paused(site: Site, at: str) -> Iterator[None]:
    """A run pauses there for longer than its lease; what happens in the block happens meanwhile."""
    run = begin(site)
    run.play(pauses_after=0, at=at)
    assert not run.has_ended
    let_lease_run_out(site)
    yield
    run.play()
    assert run.summary is not None
    assert run.summary.error.startswith("LeaseLostError")


def test_a_run_that_wakes_up_with_a_patch_in_hand_raises_a_doubt_and_the_next_night_puts_graph_right(site: Site):
    site.execute(CORRECT, assigned=101, product=CORRECTED)
    with paused(site, SENDS):
        site.execute(CORRECT, assigned=102, product=CORRECTED)
        night(site)
    assert site.query("SELECT product FROM sync_base WHERE in_doubt") == [(CORRECTED,)]
    assert site.warehouse_rows() != site.graph_rows()

    night(site)

    assert site.warehouse_rows() == site.graph_rows()


@pytest.mark.parametrize("step", ["land_report", "load_report", "apply_plan", "deliver_updates", "publish_run"])
def test_a_run_that_was_overtaken_writes_nothing_whichever_step_it_wakes_up_in(site: Site, step: str):
    site.emulator.advance(days=1)
    with paused(site, f"before {step}"):
        site.execute(CORRECT, assigned=102, product=CORRECTED)
        night(site)
        before = site.ending()

    assert site.ending() == before
    assert site.warehouse_rows() == site.graph_rows()


def test_a_correction_whose_answer_was_lost_and_that_is_taken_back_does_not_stay_in_graph(site: Site):
    """Warehouse and what Graph acknowledged are alike again: only the doubt tells that Graph holds something else."""
    [(before,)] = site.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=CORRECTED)
    site.execute(CORRECT, assigned=101, product=CORRECTED)
    site.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    night(site)
    site.execute(CORRECT, assigned=before, product=CORRECTED)
    assert site.warehouse_rows() != site.graph_rows()

    night(site)

    assert site.warehouse_rows() == site.graph_rows()


def test_what_graph_acknowledged_to_a_run_that_died_is_read_back_by_the_next(site: Site):
    """Graph answered with what was sent, and stored nothing; and the run died before it could find out."""
    site.execute(CORRECT, assigned=101, product=CORRECTED)
    site.emulator.will_answer(PATCH, Fault(kind="echoed"))
    begin(site).die(at=READS_BACK)
    let_lease_run_out(site)
    assert site.warehouse_rows() != site.graph_rows()

    for _ in range(2):
        night(site)

    assert site.warehouse_rows() == site.graph_rows()
