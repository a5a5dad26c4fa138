"""What the nightly job promises, seen from outside: the warehouse, Graph, and Graph's own journal."""

from activation_sync.core.run import Outcome
from activation_sync.emulator import Fault
from tests.stage import PATCH, Stage


def test_the_first_night_pulls_the_usage_data_and_corrects_what_lags_in_graph(stage: Stage):
    drift = stage.graph_rows()

    summary = stage.sync()

    assert summary.outcome is Outcome.DONE
    assert stage.warehouse_rows() == stage.graph_rows() != drift
    assert {row[1]: row[2] for row in stage.warehouse_rows()} == {
        product: counts.assigned for product, counts in stage.emulator.detail_counts(stage.tenant.tenant_id).items()
    }
    assert summary.pushed == summary.delivery.acknowledged == summary.verification.confirmed == len(stage.patches())


def test_the_same_refresh_date_again_is_no_new_report_and_sends_nothing(stage: Stage):
    stage.sync()
    sent = len(stage.patches())

    summary = stage.sync()

    assert summary.outcome is Outcome.NOTHING_NEW
    assert len(stage.patches()) == sent


def test_a_new_refresh_date_is_pulled_and_pushed(stage: Stage):
    stage.sync()
    sent = len(stage.patches())
    stage.emulator.advance(days=1)

    summary = stage.sync()

    assert summary.refreshed_on == stage.emulator.refreshed_on
    assert len(stage.patches()) > sent
    assert stage.warehouse_rows() == stage.graph_rows()


def test_a_correction_in_the_warehouse_reaches_graph_and_is_not_overwritten(stage: Stage):
    stage.sync()
    [(product, assigned)] = stage.query("SELECT product, assigned FROM activation_user_count ORDER BY 2 DESC LIMIT 1")
    stage.execute("UPDATE activation_user_count SET assigned = assigned - 2 WHERE product = :it", it=product)

    for _ in range(2):
        stage.sync()

    assert stage.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=product) == [
        (assigned - 2,)
    ]
    assert stage.warehouse_rows() == stage.graph_rows()


def test_a_deleted_row_is_restored_and_never_becomes_zero(stage: Stage):
    stage.sync()
    before, sent = stage.warehouse_rows(), len(stage.patches())
    stage.execute("DELETE FROM activation_user_count")

    stage.sync()

    assert stage.warehouse_rows() == before
    assert len(stage.patches()) == sent


def test_both_sides_moved_apart_is_held_as_a_conflict_and_changes_nothing(stage: Stage):
    stage.sync()
    published = stage.graph_rows()
    stage.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    stage.emulator.will_answer("GET getOffice365ActivationsUserDetail", Fault(kind="restated"))

    summary = stage.sync()

    assert summary.outcome is Outcome.UNSETTLED
    held = [row["product"] for row in summary.table if "conflict" in row["decision"]]
    assert len(held) == summary.conflicts > 0
    assert {row for row in published if row[1] in held} <= stage.graph_rows()
    assert {row[2:4] for row in stage.warehouse_rows()} == {(1007, 1005)}


def test_a_dry_run_writes_nothing_anywhere(stage: Stage):
    summary = stage.sync(dry_run=True)

    assert summary.outcome is Outcome.PREVIEWED
    assert summary.pushed > 0
    assert stage.warehouse_rows() == set()
    assert stage.query("SELECT * FROM raw_report UNION ALL SELECT * FROM raw_report") == []
    assert not (stage.folder / "landing").exists()
    assert stage.patches() == []


def test_json_reports_lead_to_the_same_rows_as_csv(stage: Stage):
    stage.configure(graph={"report_format": "json"})

    stage.sync()

    assert stage.warehouse_rows() == stage.graph_rows()


def test_write_back_switched_off_sends_nothing_and_says_so(stage: Stage):
    stage.configure(write_back={"enabled": False})

    summary = stage.sync()

    assert stage.patches() == []
    assert summary.delivery.pending == summary.pushed > 0
    stage.configure(write_back={"enabled": True})
    assert stage.sync().delivery.pending == 0
    assert stage.warehouse_rows() == stage.graph_rows()


def test_a_lost_answer_leaves_the_row_in_doubt_and_it_is_sent_again(stage: Stage):
    stage.configure(write_back={"batch_size": 1})
    stage.emulator.will_answer(PATCH, Fault(kind="answer-lost"))

    summary = stage.sync()

    assert summary.outcome is Outcome.DONE
    assert len(stage.patches()) == summary.pushed + 1
    assert stage.query("SELECT count(*) FROM sync_base WHERE in_doubt") == [(0,)]
    assert stage.warehouse_rows() == stage.graph_rows()
