"""An undone run: the table and Graph go back, the next night does not, and nobody else's numbers are touched."""

import pytest

from activation_sync.core.run import Outcome, RunKind
from activation_sync.errors import TooMuchChangeError
from tests.flows.nights import restated, reverted
from tests.flows.records import row, runs
from tests.stage import Row, Stage


def restated_night(stage: Stage) -> tuple[set[Row], set[Row]]:
    """A night, and a second one that pulls a restatement of the same date: the table before it and after it."""
    stage.sync()
    before = stage.warehouse_rows()
    restated(stage)
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
    summary = restated(stage)  # the usage data has not moved since
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
    restated(stage)
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
