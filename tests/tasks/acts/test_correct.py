"""A number that a person changes: it stands, the ledger has who and why, and what follows from it follows again."""

from pathlib import Path

import pytest

from activation_sync.core.model import ConflictPolicy, Measure, Report
from activation_sync.core.runs.backfill import DayVerdict
from activation_sync.core.runs.outcome import RunKind
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.ledger.hindsight import standing_corrections
from activation_sync.warehouse.ledger.ledger import read_why
from activation_sync.warehouse.runs.runs import read_runs
from tasks.acts.correct import Correction, correct
from tasks.acts.rebuild import rebuild
from tasks.acts.resolve import resolve
from tasks.acts.revert import find_run, preview_revert, revert
from tests.support.sites.offline_site import APPS, TENANT, VISIO, OfflineSite, counts_csv, day, detail_csv

DAY = day(0)
AUDIT = Correction(APPS, {Measure.ASSIGNED: 87}, "licence audit of May")


def reported(site: OfflineSite, users: int) -> DayVerdict:
    """What the reports of the date say from now on; replayed."""
    site.land(
        (Report.USER_COUNTS, counts_csv(DAY, {APPS: users, VISIO: 2})),
        (Report.USER_DETAIL, detail_csv(DAY, {APPS: users, VISIO: 2})),
    )
    return site.backfill(DAY, DAY)[0].verdict


def assigned(site: OfflineSite, product: str = APPS) -> int:
    return site.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=product)[0][0]


def test_a_correction_is_written_queued_and_kept_with_who_and_why(site: OfflineSite):
    reported(site, 5)

    change, summary = correct(TENANT, AUDIT)

    assert (assigned(site), assigned(site, VISIO)) == (87, 2)
    assert (change.state.warehouse.assigned, change.settled.assigned, summary.plan.pushed) == (5, 87, 1)
    assert site.query("SELECT assigned FROM outbox WHERE state = 'pending'") == [(87,)]
    with reading(site.engine) as connection:
        run, *_ = read_runs(connection, TENANT, 1)
        act = next(row for row in read_why(connection, TENANT, APPS) if row.kind == "person")
    assert (run.kind, run.reason, run.run_id) == (RunKind.CORRECT, AUDIT.reason, summary.run_id)
    assert (act.rule, act.who, act.note, act.refreshed_on) == ("correct", run.who, AUDIT.reason, DAY)


def test_a_report_that_is_restated_asks_a_person_and_says_whose_value_it_met(site: OfflineSite):
    reported(site, 5)
    correct(TENANT, AUDIT)

    reported(site, 6)

    assert assigned(site) == 87
    with reading(site.engine) as connection:
        (found,) = standing_corrections(read_why(connection, TENANT, APPS))
    assert (found.measure, found.value, found.act, found.reason) == (
        Measure.ASSIGNED,
        87,
        "correct",
        AUDIT.reason,
    )
    assert (found.seen, found.observed) == (5, 6)


def test_an_edit_of_the_table_stands_alike_and_is_known_by_its_stamp(site: OfflineSite):
    reported(site, 5)
    site.execute("UPDATE activation_user_count SET assigned = 7, updated_by = 'ada' WHERE product = :it", it=APPS)
    site.backfill(DAY, DAY)

    with reading(site.engine) as connection:
        (found,) = standing_corrections(read_why(connection, TENANT, APPS))

    assert (found.value, found.act, found.who, found.seen) == (7, "", "ada", 5)


def test_a_correction_decides_the_conflict_that_it_meets(site: OfflineSite):
    reported(site, 5)
    correct(TENANT, AUDIT)
    reported(site, 6)

    change, _ = correct(TENANT, Correction(APPS, {Measure.ASSIGNED: 90}, "counted again"))

    assert not change.is_conflict
    assert assigned(site) == 90
    with pytest.raises(ChoiceError, match="not in conflict"):
        resolve(TENANT, APPS, ConflictPolicy.OBSERVED)


def test_a_correction_can_be_reverted(site: OfflineSite):
    reported(site, 5)
    before = site.dump()["sync_base"]
    _, summary = correct(TENANT, AUDIT)

    undone = find_run(summary.run_id)
    revert(undone, preview_revert(undone).plan.digest)

    assert assigned(site) == 5
    assert site.dump()["sync_base"] == before
    with reading(site.engine) as connection:
        assert standing_corrections(read_why(connection, TENANT, APPS)) == []


def test_what_cannot_be_meant_is_refused_before_anything_is_written(site: OfflineSite):
    reported(site, 5)
    before = site.dump()

    with pytest.raises(ChoiceError, match=f"OFFICE of contoso has no row of {DAY}; there are: {APPS}, {VISIO}"):
        correct(TENANT, Correction("OFFICE", {Measure.ASSIGNED: 87}, "audit"))
    with pytest.raises(ChoiceError, match="needs a reason"):
        correct(TENANT, Correction(APPS, {Measure.ASSIGNED: 87}, ""))

    assert site.dump() == before


def test_corrections_follow_from_the_ledger(site: OfflineSite, tmp_path: Path):
    reported(site, 5)
    correct(TENANT, AUDIT)
    reported(site, 6)
    correct(TENANT, Correction(APPS, {Measure.ACTIVATED: 3}, "seen on the desks", DAY))
    correct(TENANT, Correction(VISIO, {Measure.ASSIGNED: 4}, "bought yesterday", DAY))

    rebuilt = rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}")

    assert [table for table in rebuilt.tables if table.differences] == []
    assert rebuilt.is_equal
