"""What people do between two nights: decide conflicts, offer dead letters again; and the ledger has it all."""

from pathlib import Path

import pytest

from activation_sync.core.model import ConflictPolicy, Measure
from activation_sync.core.run import Outcome, RunKind
from activation_sync.emulator import Fault
from activation_sync.errors import ChoiceError, PlanMovedError
from activation_sync.warehouse.engine import reading
from tests.flows.nights import conflicting, restated, reverted
from tests.flows.records import acts, row, runs, standing
from tests.stage import PATCH, Stage


def test_status_counts_the_conflicts_that_are_open_now_not_those_of_the_last_run(stage: Stage):
    from tasks.resolve import resolve

    products = conflicting(stage)
    assert standing(stage).conflicts == len(products) == runs(stage)[0].summary.conflicts > 0

    resolve(stage.tenant.name, products[0], ConflictPolicy.WAREHOUSE)

    assert standing(stage).conflicts == len(products) - 1
    assert standing(stage).last_run.kind is RunKind.SYNC


@pytest.mark.parametrize("side", [ConflictPolicy.OBSERVED, ConflictPolicy.WAREHOUSE])
def test_a_resolved_conflict_stays_resolved_and_reaches_graph(stage: Stage, side: ConflictPolicy):
    from tasks.resolve import resolve

    product = conflicting(stage)[0]
    before, graph = row(stage, product), stage.graph_rows()

    change, summary = resolve(stage.tenant.name, product, side)

    settled = row(stage, product)
    assert settled[2:] == change.settled.as_tuple()
    assert (settled == before) == (side is ConflictPolicy.WAREHOUSE)
    assert stage.graph_rows() == graph
    assert summary.pushed == 1
    assert acts(stage) == [("resolve", product)]
    stage.sync()
    assert row(stage, product) == settled
    assert settled in stage.graph_rows()


def test_one_measure_is_decided_and_the_other_keeps_the_row_from_graph(stage: Stage):
    from tasks.resolve import resolve

    product = conflicting(stage)[0]
    before, graph, sent = row(stage, product), stage.graph_rows(), len(stage.patches())

    change, _ = resolve(stage.tenant.name, product, ConflictPolicy.OBSERVED, measure=Measure.ASSIGNED)

    assert row(stage, product) == (*before[:2], change.state.observed.assigned, *before[3:])
    assert stage.sync().outcome is Outcome.UNSETTLED
    assert (stage.graph_rows(), len(stage.patches())) == (graph, sent)
    resolve(stage.tenant.name, product, ConflictPolicy.WAREHOUSE)
    stage.sync()
    assert row(stage, product) == (*before[:2], change.state.observed.assigned, *before[3:])
    assert row(stage, product) in stage.graph_rows()


def test_a_conflict_that_moved_since_it_was_shown_is_not_decided(stage: Stage):
    from activation_sync.core.conflicts import conflict_digest
    from tasks.planning import plan_from
    from tasks.resolve import resolve

    product = conflicting(stage)[0]
    with reading(stage.engine) as connection:
        plan = plan_from(connection, stage.tenant.name)
    shown = next(conflict_digest(change) for change in plan.changes if change.key.product == product)
    stage.execute("UPDATE activation_user_count SET assigned = 1008 WHERE product = :it", it=product)
    before = stage.ending()

    with pytest.raises(PlanMovedError, match="moved since its conflict was shown"):
        resolve(stage.tenant.name, product, ConflictPolicy.WAREHOUSE, shown=shown[:12])

    assert stage.ending() == before


def test_what_is_no_longer_in_conflict_cannot_be_decided_again(stage: Stage):
    from tasks.resolve import resolve

    products = conflicting(stage)
    resolve(stage.tenant.name, products[0], ConflictPolicy.WAREHOUSE)

    with pytest.raises(ChoiceError, match=rf"not in conflict; in conflict: {products[1]}"):
        resolve(stage.tenant.name, products[0], ConflictPolicy.OBSERVED)


def refused(stage: Stage) -> str:
    """A night on which Graph refuses one row for good."""
    stage.configure(write_back={"batch_size": 1})
    stage.emulator.will_answer(PATCH, Fault(400))
    stage.sync()
    [(product,)] = stage.query("SELECT product FROM outbox WHERE state = 'dead'")
    return str(product)


def test_a_retried_dead_letter_is_sent_with_the_value_that_is_current_then(stage: Stage):
    from tasks.retry import retry

    product = refused(stage)
    stage.execute("UPDATE activation_user_count SET assigned = assigned + 3 WHERE product = :it", it=product)

    found, summary = retry(stage.tenant.name)

    assert [change.key.product for change in found.plan.changes] == [product]
    assert standing(stage).dead == 0
    assert acts(stage) == [("retry", product)]
    assert (summary.pushed, runs(stage)[0].kind) == (1, RunKind.RETRY)
    stage.sync()
    assert stage.warehouse_rows() == stage.graph_rows()


def test_an_unchanged_dead_letter_waits_for_retry_and_is_then_sent_again(stage: Stage):
    from tasks.retry import retry

    product, sent = refused(stage), len(stage.patches())
    stage.sync()
    assert len(stage.patches()) == sent

    retry(stage.tenant.name, product)
    stage.sync()

    assert len(stage.patches()) == sent + 1
    assert stage.warehouse_rows() == stage.graph_rows()


def test_a_dead_letter_of_a_row_in_conflict_is_named_and_stays(stage: Stage):
    from activation_sync.core.retry import Unsent
    from tasks.retry import retry

    product = refused(stage)
    stage.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    restated(stage)

    found, _ = retry(stage.tenant.name)

    assert [(key.product, why) for key, why in found.unsent.items()] == [(product, Unsent.IN_CONFLICT)]
    assert standing(stage).dead == 1


def test_a_dead_letter_that_graph_has_overtaken_is_closed(stage: Stage):
    from tasks.retry import retry

    product, sent = refused(stage), len(stage.patches())
    shown = next(row for row in stage.graph_rows() if row[1] == product)
    assignments = ", ".join(f"{measure} = {count}" for measure, count in zip(Measure, shown[2:], strict=True))
    stage.execute(f"UPDATE activation_user_count SET {assignments} WHERE product = :it", it=product)  # noqa: S608
    stage.sync()
    assert standing(stage).dead == 1

    found, _ = retry(stage.tenant.name)

    assert {key.product for key in found.closed} == {product}
    assert standing(stage).dead == 0
    stage.sync()
    assert len(stage.patches()) == sent


def test_what_people_did_follows_from_the_ledger_as_all_else_does(stage: Stage, tmp_path: Path):
    from tasks.rebuild import rebuild
    from tasks.resolve import resolve
    from tasks.retry import retry

    stage.configure(write_back={"batch_size": 1})
    stage.emulator.will_answer(PATCH, Fault(400))
    in_parts, whole, left = conflicting(stage, rows=3)
    resolve(stage.tenant.name, in_parts, ConflictPolicy.WAREHOUSE, measure=Measure.ASSIGNED)
    resolve(stage.tenant.name, in_parts, ConflictPolicy.OBSERVED, measure=Measure.ACTIVATED)
    resolve(stage.tenant.name, whole, ConflictPolicy.OBSERVED)
    retry(stage.tenant.name)
    restated(stage)
    found, _ = reverted(stage, runs(stage)[0])
    restated(stage)

    rebuilt = rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}")

    assert len(found.plan.changes) > 0
    assert row(stage, left)[2:] == (1007, 1005, 3)
    assert [table for table in rebuilt.tables if table.differences] == []
    assert rebuilt.is_equal
