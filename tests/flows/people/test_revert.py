"""An undone run: the table and Graph go back, the next night does not, and nobody else's numbers are touched."""

import pytest

from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.errors import TooMuchChangeError
from tests.support.sites.nights import restated, reverted
from tests.support.sites.records import row, runs
from tests.support.sites.site import Row, Site


def restated_night(site: Site) -> tuple[set[Row], set[Row]]:
    """A night, and a second one that pulls a restatement of the same date: the table before it and after it."""
    site.sync()
    before = site.warehouse_rows()
    restated(site)
    assert site.warehouse_rows() != before
    return before, site.warehouse_rows()


def seen(site: Site) -> list[Row]:
    return sorted(site.query("SELECT product, observed_seen_assigned, observed_seen_activated FROM sync_base"))


def test_an_undone_run_is_not_done_again_by_the_next_night_and_graph_follows(site: Site):
    before, _ = restated_night(site)
    remembered = seen(site)

    reverted(site, runs(site)[0])

    assert site.warehouse_rows() == before
    assert seen(site) == remembered
    summary = restated(site)  # the usage data has not moved since
    assert summary.plan.written == 0
    assert site.warehouse_rows() == site.graph_rows() == before
    assert seen(site) == remembered


def test_an_undone_run_is_pulled_anew_once_the_usage_data_moves(site: Site):
    before, _ = restated_night(site)
    reverted(site, runs(site)[0])

    site.emulator.advance(refreshes=1)
    site.sync()  # not restated any more, so the usage data has moved

    assert site.warehouse_rows() == site.graph_rows() == before


def test_a_revert_can_be_reverted(site: Site):
    _, after = restated_night(site)
    reverted(site, runs(site)[0])

    reverted(site, runs(site)[0])

    assert site.warehouse_rows() == after
    restated(site)
    assert site.warehouse_rows() == site.graph_rows() == after
    assert [run.kind for run in runs(site)] == [RunKind.SYNC, RunKind.REVERT, RunKind.REVERT, *[RunKind.SYNC] * 2]


def test_a_row_that_a_person_moved_since_is_named_and_not_touched(site: Site):
    from activation_sync.core.rule.revert import LeaveReason

    before, after = restated_night(site)
    (product, *_), *_ = ((new[1], new) for new in sorted(after) if new not in before)
    site.execute("UPDATE activation_user_count SET assigned = 1007 WHERE product = :it", it=product)

    found, _ = reverted(site, runs(site)[0])

    assert {key.product: why for key, why in found.left.items()} == {product: LeaveReason.MOVED}
    assert row(site, product)[2] == 1007
    assert {each for each in site.warehouse_rows() if each[1] != product} == {
        each for each in before if each[1] != product
    }


def test_rows_that_a_run_created_stay_and_are_named(site: Site):
    from activation_sync.core.rule.revert import LeaveReason

    site.sync()
    rows, sent = site.warehouse_rows(), len(site.patches())

    found, summary = reverted(site, runs(site)[0])

    assert set(found.left.values()) == {LeaveReason.CREATED}
    assert len(found.left) == len(rows)
    assert summary.plan.written == 0
    site.sync()
    assert (site.warehouse_rows(), len(site.patches())) == (rows, sent)


def test_undoing_too_much_is_held_until_that_very_plan_is_approved(site: Site):
    restated_night(site)
    site.configure(sync={"few_users": 0, "max_change_share": 0.0})
    undone = runs(site)[0]
    with pytest.raises(TooMuchChangeError, match="approve with --approve") as held:
        reverted(site, undone)
    with pytest.raises(TooMuchChangeError, match="of another plan"):
        reverted(site, undone, approve="0" * 64)

    _, summary = reverted(site, undone, approve=held.value.digest[:12])

    assert summary.plan.approved_by == runs(site)[0].who
    assert [run.outcome for run in runs(site)[:3]] == [Outcome.DONE, Outcome.HELD, Outcome.HELD]
