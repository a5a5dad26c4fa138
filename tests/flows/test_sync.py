"""What the nightly job promises, seen from outside: the warehouse, Graph, and Graph's own journal."""

from uuid import UUID

import pytest
from prefect.client.schemas.objects import StateDetails
from prefect.states import Completed, Failed

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault
from activation_sync.errors import ResultLostError
from flows.endings import fared_in, summary_in
from tests.support.sites.site import PATCH, Site


def test_the_first_night_pulls_the_usage_data_and_corrects_what_lags_in_graph(site: Site):
    drift = site.graph_rows()

    summary = site.sync()

    assert summary.outcome is Outcome.DONE
    assert site.warehouse_rows() == site.graph_rows() != drift
    assert {row[1]: row[2] for row in site.warehouse_rows()} == {
        product: counts.assigned for product, counts in site.emulator.detail_counts(site.tenant.tenant_id).items()
    }
    assert summary.plan.pushed == summary.delivery.acknowledged == summary.verification.confirmed == len(site.patches())


def test_the_same_refresh_date_again_is_no_new_report_and_sends_nothing(site: Site):
    site.sync()
    sent = len(site.patches())

    summary = site.sync()

    assert summary.outcome is Outcome.NOTHING_NEW
    assert len(site.patches()) == sent


def test_a_new_refresh_date_is_pulled_and_pushed(site: Site):
    site.sync()
    sent = len(site.patches())
    site.emulator.advance(days=1)

    summary = site.sync()

    assert summary.plan.observed_on == site.emulator.refreshed_on
    assert len(site.patches()) > sent
    assert site.warehouse_rows() == site.graph_rows()


def test_a_correction_in_the_warehouse_reaches_graph_and_is_not_overwritten(site: Site):
    site.sync()
    [(product, assigned)] = site.query("SELECT product, assigned FROM activation_user_count ORDER BY 2 DESC LIMIT 1")
    site.execute("UPDATE activation_user_count SET assigned = assigned - 2 WHERE product = :it", it=product)

    for _ in range(2):
        site.sync()

    assert site.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=product) == [(assigned - 2,)]
    assert site.warehouse_rows() == site.graph_rows()


def test_a_deleted_row_is_restored_and_never_becomes_zero(site: Site):
    site.sync()
    before, sent = site.warehouse_rows(), len(site.patches())
    site.execute("DELETE FROM activation_user_count")

    site.sync()

    assert site.warehouse_rows() == before
    assert len(site.patches()) == sent


def test_both_sides_moved_apart_is_held_as_a_conflict_and_changes_nothing(site: Site):
    site.sync()
    published = site.graph_rows()
    site.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    site.emulator.will_answer("GET getOffice365ActivationsUserDetail", Fault(kind="restated"))

    summary = site.sync()

    assert summary.outcome is Outcome.UNSETTLED
    held = [row["product"] for row in summary.plan.table if "conflict" in row["decision"]]
    assert len(held) == summary.plan.conflicts > 0
    assert {row for row in published if row[1] in held} <= site.graph_rows()
    assert {row[2:4] for row in site.warehouse_rows()} == {(1007, 1005)}


def test_a_dry_run_writes_nothing_anywhere(site: Site):
    summary = site.sync(dry_run=True)

    assert summary.outcome is Outcome.PREVIEWED
    assert summary.plan.pushed > 0
    assert site.warehouse_rows() == set()
    assert site.query("SELECT * FROM raw_report UNION ALL SELECT * FROM raw_report") == []
    assert not (site.folder / "landing").exists()
    assert site.patches() == []


def test_json_reports_lead_to_the_same_rows_as_csv(site: Site):
    site.configure(graph={"report_format": "json"})

    site.sync()

    assert site.warehouse_rows() == site.graph_rows()


def test_write_back_switched_off_sends_nothing_and_says_so(site: Site):
    site.configure(write_back={"enabled": False})

    summary = site.sync()

    assert site.patches() == []
    assert summary.delivery.pending == summary.plan.pushed > 0
    site.configure(write_back={"enabled": True})
    assert site.sync().delivery.pending == 0
    assert site.warehouse_rows() == site.graph_rows()


def test_a_lost_answer_leaves_the_row_in_doubt_and_it_is_sent_again(site: Site):
    site.configure(write_back={"batch_size": 1})
    site.emulator.will_answer(PATCH, Fault(kind="answer-lost"))

    summary = site.sync()

    assert summary.outcome is Outcome.DONE
    assert len(site.patches()) == summary.plan.pushed + 1
    assert site.query("SELECT count(*) FROM sync_base WHERE in_doubt") == [(0,)]
    assert site.warehouse_rows() == site.graph_rows()


def test_a_night_whose_last_answer_prefect_lost_says_what_the_warehouse_knows(site: Site):
    summary = site.sync()
    details = StateDetails(flow_run_id=UUID(summary.run_id))

    assert summary_in(Completed(state_details=details)) == summary
    unknown = StateDetails(flow_run_id=UUID(int=0))
    for state in (Completed(name="Previewed", message="Would write 3 rows.", state_details=unknown), Failed()):
        with pytest.raises(ResultLostError, match=f"ended {state.name}[:.]"):
            summary_in(state)
        with pytest.raises(ResultLostError, match="activation-sync status"):
            fared_in(state)
