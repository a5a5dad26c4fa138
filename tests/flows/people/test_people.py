"""What people do between two nights: decide conflicts, offer dead letters again; and the ledger has it all."""

from pathlib import Path

import pytest

from activation_sync.core.model import ConflictPolicy, Measure
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.emulator import Fault
from activation_sync.errors import ChoiceError, PlanMovedError
from activation_sync.warehouse.database.engine import reading
from tests.support.sites.nights import conflicting, restated, reverted
from tests.support.sites.records import acts, row, runs, standing
from tests.support.sites.site import PATCH, Site


def test_status_counts_the_conflicts_that_are_open_now_not_those_of_the_last_run(site: Site):
    from tasks.acts.resolve import resolve

    products = conflicting(site)
    assert standing(site).conflicts == len(products) == runs(site)[0].summary.plan.conflicts > 0

    resolve(site.tenant.name, products[0], ConflictPolicy.WAREHOUSE)

    assert standing(site).conflicts == len(products) - 1
    assert standing(site).last_run.kind is RunKind.SYNC


@pytest.mark.parametrize("side", [ConflictPolicy.OBSERVED, ConflictPolicy.WAREHOUSE])
def test_a_resolved_conflict_stays_resolved_and_reaches_graph(site: Site, side: ConflictPolicy):
    from tasks.acts.resolve import resolve

    product = conflicting(site)[0]
    before, graph = row(site, product), site.graph_rows()

    change, summary = resolve(site.tenant.name, product, side)

    settled = row(site, product)
    assert settled[2:] == change.settled
    assert (settled == before) == (side is ConflictPolicy.WAREHOUSE)
    assert site.graph_rows() == graph
    assert summary.plan.pushed == 1
    assert acts(site) == [("resolve", product)]
    site.sync()
    assert row(site, product) == settled
    assert settled in site.graph_rows()


def test_one_measure_is_decided_and_the_other_keeps_the_row_from_graph(site: Site):
    from tasks.acts.resolve import resolve

    product = conflicting(site)[0]
    before, graph, sent = row(site, product), site.graph_rows(), len(site.patches())

    change, _ = resolve(site.tenant.name, product, ConflictPolicy.OBSERVED, measure=Measure.ASSIGNED)

    assert row(site, product) == (*before[:2], change.state.observed.assigned, *before[3:])
    assert site.sync().outcome is Outcome.UNSETTLED
    assert (site.graph_rows(), len(site.patches())) == (graph, sent)
    resolve(site.tenant.name, product, ConflictPolicy.WAREHOUSE)
    site.sync()
    assert row(site, product) == (*before[:2], change.state.observed.assigned, *before[3:])
    assert row(site, product) in site.graph_rows()


def test_a_conflict_that_moved_since_it_was_shown_is_not_decided(site: Site):
    from activation_sync.core.rule.conflicts import conflict_digest
    from tasks.acts.resolve import resolve
    from tasks.steps.planning import plan_from

    product = conflicting(site)[0]
    with reading(site.engine) as connection:
        plan = plan_from(connection, site.tenant.name)
    shown = next(conflict_digest(change) for change in plan.changes if change.key.product == product)
    site.execute("UPDATE activation_user_count SET assigned = 1008 WHERE product = :it", it=product)
    before = site.ending()

    with pytest.raises(PlanMovedError, match="moved since its conflict was shown"):
        resolve(site.tenant.name, product, ConflictPolicy.WAREHOUSE, shown=shown)

    assert site.ending() == before


def test_what_is_no_longer_in_conflict_cannot_be_decided_again(site: Site):
    from tasks.acts.resolve import resolve

    products = conflicting(site)
    resolve(site.tenant.name, products[0], ConflictPolicy.WAREHOUSE)

    with pytest.raises(ChoiceError, match=rf"not in conflict; in conflict: {products[1]}"):
        resolve(site.tenant.name, products[0], ConflictPolicy.OBSERVED)


def refused(site: Site) -> str:
    """A night on which Graph refuses one row for good."""
    site.configure(write_back={"batch_size": 1})
    site.emulator.will_answer(PATCH, Fault(400))
    site.sync()
    [(product,)] = site.query("SELECT product FROM outbox WHERE state = 'dead'")
    return str(product)


def test_a_retried_dead_letter_is_sent_with_the_value_that_is_current_then(site: Site):
    from tasks.acts.retry import retry

    product = refused(site)
    site.execute("UPDATE activation_user_count SET assigned = assigned + 3 WHERE product = :it", it=product)

    found, summary = retry(site.tenant.name)

    assert [change.key.product for change in found.plan.changes] == [product]
    assert standing(site).dead == 0
    assert acts(site) == [("retry", product)]
    assert (summary.plan.pushed, runs(site)[0].kind) == (1, RunKind.RETRY)
    site.sync()
    assert site.warehouse_rows() == site.graph_rows()


def test_an_unchanged_dead_letter_waits_for_retry_and_is_then_sent_again(site: Site):
    from tasks.acts.retry import retry

    product, sent = refused(site), len(site.patches())
    site.sync()
    assert len(site.patches()) == sent

    retry(site.tenant.name, product)
    site.sync()

    assert len(site.patches()) == sent + 1
    assert site.warehouse_rows() == site.graph_rows()


def test_a_dead_letter_of_a_row_in_conflict_is_named_and_stays(site: Site):
    from activation_sync.core.rule.retry import SkipReason
    from tasks.acts.retry import retry

    product = refused(site)
    site.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    restated(site)

    found, _ = retry(site.tenant.name)

    assert [(key.product, why) for key, why in found.unsent.items()] == [(product, SkipReason.IN_CONFLICT)]
    assert standing(site).dead == 1


def test_a_dead_letter_that_graph_has_overtaken_is_closed(site: Site):
    from tasks.acts.retry import retry

    product, sent = refused(site), len(site.patches())
    shown = next(row for row in site.graph_rows() if row[1] == product)
    assignments = ", ".join(f"{measure} = {count}" for measure, count in zip(Measure, shown[2:], strict=True))
    site.execute(f"UPDATE activation_user_count SET {assignments} WHERE product = :it", it=product)  # noqa: S608
    site.sync()
    assert standing(site).dead == 1

    found, _ = retry(site.tenant.name)

    assert {key.product for key in found.closed} == {product}
    assert standing(site).dead == 0
    site.sync()
    assert len(site.patches()) == sent


def test_what_people_did_follows_from_the_ledger_as_all_else_does(site: Site, tmp_path: Path):
    from tasks.acts.rebuild import rebuild
    from tasks.acts.resolve import resolve
    from tasks.acts.retry import retry

    site.configure(write_back={"batch_size": 1})
    site.emulator.will_answer(PATCH, Fault(400))
    in_parts, whole, left = conflicting(site, rows=3)
    resolve(site.tenant.name, in_parts, ConflictPolicy.WAREHOUSE, measure=Measure.ASSIGNED)
    resolve(site.tenant.name, in_parts, ConflictPolicy.OBSERVED, measure=Measure.ACTIVATED)
    resolve(site.tenant.name, whole, ConflictPolicy.OBSERVED)
    retry(site.tenant.name)
    restated(site)
    found, _ = reverted(site, runs(site)[0])
    restated(site)

    rebuilt = rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}")

    assert len(found.plan.changes) > 0
    assert row(site, left)[2:] == (1007, 1005, 3)
    assert [table for table in rebuilt.tables if table.differences] == []
    assert rebuilt.is_equal
