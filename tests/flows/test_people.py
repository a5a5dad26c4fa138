"""What people do between two nights: decide conflicts, offer dead letters again, undo runs, approve held plans."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from activation_sync.core.model import ConflictPolicy, Measure
from activation_sync.core.run import Outcome, RunKind
from activation_sync.emulator import Fault
from activation_sync.errors import ChoiceError, PlanMovedError, TooMuchChangeError
from activation_sync.warehouse.engine import reading
from activation_sync.warehouse.runs import RunRecord, read_runs
from tests.stage import PATCH, Row, Stage

DETAIL = "GET getOffice365ActivationsUserDetail"
VALUES = "assigned, activated, shared_computer_activation"


def conflicting(stage: Stage) -> list[str]:
    """Two nights, and between them a correction of every row and a restatement: the products that end in conflict."""
    from tasks.standing import read_conflicts

    stage.sync()
    stage.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))
    stage.sync()
    with reading(stage.engine) as connection:
        return [conflict.product for conflict in read_conflicts(connection, stage.tenant.name)]


def row(stage: Stage, product: str) -> Row:
    return next(row for row in stage.warehouse_rows() if row[1] == product)


def runs(stage: Stage) -> list[RunRecord]:
    with reading(stage.engine) as connection:
        return read_runs(connection, stage.tenant.name, 100)


def standing(stage: Stage):
    from tasks.standing import read_standing

    with reading(stage.engine) as connection:
        return read_standing(connection, stage.tenant.name)


def acts(stage: Stage) -> list[Row]:
    return stage.query("SELECT rule, product FROM ledger WHERE kind = 'person' ORDER BY id")


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
    from tasks.plan import plan_from
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
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))
    stage.sync()

    found, _ = retry(stage.tenant.name)

    assert [(key.product, why) for key, why in found.unsent.items()] == [(product, Unsent.IN_CONFLICT)]
    assert standing(stage).dead == 1


def reverted(stage: Stage, run: RunRecord, **options: str):
    from tasks.revert import find_run, revert

    return revert(find_run(run.run_id), **options)


def restated_night(stage: Stage) -> tuple[set[Row], set[Row]]:
    """A night, and a second one that pulls a restatement of the same date: the table before it and after it."""
    stage.sync()
    before = stage.warehouse_rows()
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))
    stage.sync()
    assert stage.warehouse_rows() != before
    return before, stage.warehouse_rows()


def seen(stage: Stage) -> list[Row]:
    return sorted(stage.query("SELECT product, observed_seen_assigned, observed_seen_activated FROM sync_base"))


def test_an_undone_run_is_not_done_again_by_the_next_night_and_graph_follows(stage: Stage):
    before, _ = restated_night(stage)
    remembered = seen(stage)

    reverted(stage, runs(stage)[0])

    assert stage.warehouse_rows() == before
    assert seen(stage) == remembered
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))  # the usage data has not moved since
    summary = stage.sync()
    assert summary.written == 0
    assert stage.warehouse_rows() == stage.graph_rows() == before
    assert seen(stage) == remembered


def test_an_undone_run_is_pulled_anew_once_the_usage_data_moves(stage: Stage):
    before, _ = restated_night(stage)
    reverted(stage, runs(stage)[0])

    stage.emulator.advance(refreshes=1)
    stage.sync()  # not restated any more, so the usage data has moved

    assert stage.warehouse_rows() == stage.graph_rows() == before


def test_a_revert_can_be_reverted(stage: Stage):
    _, after = restated_night(stage)
    reverted(stage, runs(stage)[0])

    reverted(stage, runs(stage)[0])

    assert stage.warehouse_rows() == after
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))
    stage.sync()
    assert stage.warehouse_rows() == stage.graph_rows() == after
    assert [run.kind for run in runs(stage)] == [RunKind.SYNC, RunKind.REVERT, RunKind.REVERT, *[RunKind.SYNC] * 2]


def test_a_row_that_a_person_moved_since_is_named_and_not_touched(stage: Stage):
    from activation_sync.core.revert import Left

    before, after = restated_night(stage)
    (product, *_), *_ = ((new[1], new) for new in sorted(after) if new not in before)
    stage.execute("UPDATE activation_user_count SET assigned = 1007 WHERE product = :it", it=product)

    found, _ = reverted(stage, runs(stage)[0])

    assert {key.product: why for key, why in found.left.items()} == {product: Left.MOVED}
    assert row(stage, product)[2] == 1007
    assert {each for each in stage.warehouse_rows() if each[1] != product} == {
        each for each in before if each[1] != product
    }


def test_rows_that_a_run_created_stay_and_are_named(stage: Stage):
    from activation_sync.core.revert import Left

    stage.sync()
    rows, sent = stage.warehouse_rows(), len(stage.patches())

    found, summary = reverted(stage, runs(stage)[0])

    assert set(found.left.values()) == {Left.CREATED}
    assert len(found.left) == len(rows)
    assert summary.written == 0
    stage.sync()
    assert (stage.warehouse_rows(), len(stage.patches())) == (rows, sent)


def test_undoing_too_much_is_held_until_that_very_plan_is_approved(stage: Stage):
    restated_night(stage)
    stage.configure(sync={"min_judged_rows": 1, "max_change_share": 0.0})
    undone = runs(stage)[0]
    with pytest.raises(TooMuchChangeError, match="approve with --approve") as held:
        reverted(stage, undone)
    with pytest.raises(TooMuchChangeError, match="of another plan"):
        reverted(stage, undone, approve="0123456789ab")

    _, summary = reverted(stage, undone, approve=held.value.digest[:12])

    assert summary.approved_by == runs(stage)[0].who
    assert [run.outcome for run in runs(stage)[:3]] == [Outcome.DONE, Outcome.HELD, Outcome.HELD]


def held_digest(stage: Stage) -> str:
    """A first night that is held, because most of what Graph shows would change."""
    stage.configure(sync={"min_judged_rows": 1, "max_change_share": 0.0})
    assert stage.sync().outcome is Outcome.HELD
    return runs(stage)[0].digest


def test_a_held_run_goes_on_by_its_digest_and_ledger_and_history_say_who_approved(stage: Stage):
    digest = held_digest(stage)
    assert stage.sync(approve="0123456789ab").outcome is Outcome.HELD
    assert stage.warehouse_rows() == set()

    summary = stage.sync(approve=digest[:12])

    run = runs(stage)[0]
    assert summary.outcome is Outcome.DONE
    assert (run.digest, run.summary.approved_by, acts(stage)) == (digest, run.who, [("approve", None)])
    assert stage.warehouse_rows() == stage.graph_rows()


def test_an_approved_plan_whose_inputs_moved_is_refused_and_told_apart_from_a_mistyped_digest(stage: Stage):
    digest = held_digest(stage)
    stage.emulator.advance(days=1)

    moved, mistyped = stage.sync(approve=digest[:12]), stage.sync(approve="0123456789ab")

    new = runs(stage)[0].digest[:12]
    assert new != digest[:12]
    assert "has moved since" in moved.error
    assert f"--approve {new}" in moved.error
    assert "has moved since" not in mistyped.error
    assert stage.warehouse_rows() == set()


def test_of_two_people_who_approve_at_once_one_applies_and_the_other_finds_nothing_to_do(stage: Stage):
    digest = held_digest(stage)

    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(lambda _: stage.sync(approve=digest), range(2)))

    assert sorted(summary.outcome for summary in summaries) == [Outcome.DONE, Outcome.NOTHING_NEW]
    assert acts(stage) == [("approve", None)]
    assert len(stage.patches()) == max(summary.pushed for summary in summaries)
    assert stage.warehouse_rows() == stage.graph_rows()
