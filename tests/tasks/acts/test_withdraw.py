"""A wrong report that got in is taken out of force: table, memory, outbox and what people see are as they were."""

from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from activation_sync.core.model import Measure, Report
from activation_sync.core.runs.backfill import DayVerdict, ReplayedDay
from activation_sync.core.stamp import Stamp
from activation_sync.errors import ChoiceError, HeldError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.delivery.outbox import mark_in_doubt, read_pending
from activation_sync.warehouse.ledger.proof import prove_chain
from activation_sync.warehouse.reports.manifest import newest_landed, newest_reconciled_on, reconciled_dates
from activation_sync.warehouse.reports.retention import read_expiring
from activation_sync.warehouse.runs.status import read_status
from tasks.acts.correct import Correction, correct
from tasks.acts.imports import import_report
from tasks.acts.rebuild import rebuild
from tasks.acts.revert import find_run
from tasks.acts.withdraw import Withdrawn, Wrong, preview_withdraw, withdraw
from tasks.steps.planning import plan_from
from tasks.wiring import now
from tests.support.sites.offline_site import (
    APPS,
    TENANT,
    VISIO,
    OfflineSite,
    counts_csv,
    day,
    detail_csv,
    open_offline_site,
    platforms_csv,
)

DAY, FAR = day(0), date(2037, 1, 1)
PROJECT = "PROJECT ONLINE"
WRONG = Wrong(DAY, "the file of another tenant")
DETAIL, COUNTS, PLATFORMS = Report.USER_DETAIL, Report.USER_COUNTS, Report.PLATFORM_COUNTS
STANDS = {
    "table": "SELECT refreshed_on, product, assigned, activated, shared_computer_activation FROM activation_user_count",
    "memory": "SELECT * FROM sync_base",
    "platforms": "SELECT refreshed_on, product, platform, activations FROM activation_platform_count",
    "pending": "SELECT refreshed_on, product, assigned, activated FROM outbox WHERE state = 'pending'",
    "open": "SELECT refreshed_on, product, state FROM outbox WHERE state IN ('pending', 'dead')",
}


def stands(site: OfflineSite) -> dict[str, list[str]]:
    """Where warehouse, memory and outbox stand, and the plan that the next night would make."""
    found = {part: sorted(map(str, site.query(query))) for part, query in STANDS.items()}
    with reading(site.engine) as connection:
        return found | {"plan": [plan_from(connection, TENANT).digest]}


def replayed(site: OfflineSite, on: date) -> ReplayedDay:
    """A date replayed, in a run of its own, whatever the guards say of it."""
    site.run_id = str(uuid4())
    found = site.backfill(on, on)[-1]
    return site.backfill(on, on, approve=found.digest)[-1] if found.verdict is DayVerdict.HELD else found


def night(site: OfflineSite, on: date = DAY, users: int = 5) -> None:
    """What Graph gave of a date."""
    site.land(
        (COUNTS, counts_csv(on, {APPS: users - 1, VISIO: 2})),
        (DETAIL, detail_csv(on, {APPS: users, VISIO: 2})),
        (PLATFORMS, platforms_csv(on, {APPS: 1, VISIO: 1})),
    )
    replayed(site, on)


def bring(site: OfflineSite, *contents: bytes) -> None:
    """What a person imports."""
    for content in contents:
        with site.hold() as run:
            import_report(TENANT, site.file("download.csv", content), run.lease)


def bring_wrong(site: OfflineSite, on: date = DAY) -> None:
    """A wrong import of a date, replayed: another count, a product too few and one too many."""
    bring(site, detail_csv(on, {APPS: 6, PROJECT: 4}), platforms_csv(on, {APPS: 4}))
    replayed(site, on)


def taken_out(wrong: Wrong = WRONG) -> Withdrawn:
    """Withdrawn, whatever the guards say of it."""
    looked = preview_withdraw(TENANT, wrong)
    return withdraw(TENANT, wrong, looked.withdrawal.plan.digest)[0]


def is_equal_when_rebuilt(site: OfflineSite, name: str = "rebuilt") -> bool:
    rebuilt = rebuild(f"sqlite:///{site.folder / name}.db")
    assert [table for table in rebuilt.tables if table.differences] == []
    with reading(site.engine) as connection:
        assert prove_chain(connection, TENANT).broken is None
    return rebuilt.is_equal


def test_after_a_wrong_import_all_is_exactly_as_it_was(site: OfflineSite):
    night(site)
    before = stands(site)
    bring_wrong(site)
    assert stands(site) != before

    found = taken_out()

    assert stands(site) == before
    assert {landed.report for landed in found.reports} == {DETAIL, PLATFORMS}
    assert [key.product for key in found.withdrawal.gone] == [PROJECT]
    assert found.withdrawal.sent == ()
    assert is_equal_when_rebuilt(site)


def test_a_date_that_had_nothing_before_leaves_the_table_and_every_yardstick(site: OfflineSite):
    night(site)
    before = stands(site)
    night(site, FAR)
    with reading(site.engine) as connection:
        assert newest_reconciled_on(connection, TENANT) == FAR

    taken_out(Wrong(FAR, "dated 2037", "all"))

    assert stands(site) == before
    with reading(site.engine) as connection:
        assert newest_reconciled_on(connection, TENANT) == DAY
        assert reconciled_dates(connection, TENANT) == {DAY}
        assert read_status(connection, TENANT, at=now()).newest_refreshed_on == DAY
    night(site, day(1))
    assert site.query("SELECT count(*) FROM activation_user_count WHERE refreshed_on = :on", on=str(day(1))) == [(2,)]
    assert is_equal_when_rebuilt(site)


def test_a_look_writes_nothing_and_promises_the_very_plan(site: OfflineSite):
    night(site)
    bring_wrong(site)
    before = site.dump()

    looked = preview_withdraw(TENANT, WRONG)

    assert site.dump() == before
    assert taken_out().withdrawal.plan.digest == looked.withdrawal.plan.digest


def test_what_a_person_corrected_since_stays_and_is_named_and_the_rest_goes_back(site: OfflineSite):
    night(site)
    bring_wrong(site)
    correct(TENANT, Correction(APPS, {Measure.ASSIGNED: 87}, "audit", DAY))
    site.execute("UPDATE activation_user_count SET activated = 3 WHERE product = :it", it=PROJECT)

    found = taken_out()

    assert {key.product: measures for key, measures in found.withdrawal.stays.items()} == {
        APPS: (Measure.ASSIGNED,),
        PROJECT: (Measure.ACTIVATED,),
    }
    rows = site.query("SELECT product, assigned, activated FROM activation_user_count ORDER BY product")
    assert rows == [(APPS, 87, 1), (PROJECT, None, 3), (VISIO, 2, 1)]
    with reading(site.engine) as connection:
        assert [change.key for change in plan_from(connection, TENANT).changes if change.is_conflict] == []
    assert is_equal_when_rebuilt(site)


def test_a_correction_that_stood_before_stands_again(site: OfflineSite):
    night(site)
    correct(TENANT, Correction(APPS, {Measure.ASSIGNED: 87}, "audit", DAY))
    before = stands(site)
    bring_wrong(site)  # a conflict on that row

    found = taken_out()

    assert stands(site) == before
    assert found.withdrawal.stays == {}
    assert is_equal_when_rebuilt(site)


def test_a_row_that_somebody_deleted_in_despair_is_gone_for_good_or_back_as_it_was(site: OfflineSite):
    night(site)
    before = stands(site)
    bring_wrong(site)
    site.execute("DELETE FROM activation_user_count")

    taken_out()

    assert [row for row in stands(site)["table"] if VISIO not in row] == [
        row for row in before["table"] if VISIO not in row
    ]


def test_reports_are_withdrawn_one_after_another_down_to_nothing(site: OfflineSite):
    night(site)
    first = stands(site)
    night(site, users=6)
    second = stands(site)
    bring_wrong(site)

    taken_out()
    assert stands(site) == second
    taken_out(Wrong(DAY, "not this one", DETAIL))
    taken_out(Wrong(DAY, "nor this one", COUNTS))
    assert stands(site) == first
    taken_out(Wrong(DAY, "nothing is right", "all"))

    assert stands(site)["table"] == stands(site)["memory"] == stands(site)["pending"] == []
    with pytest.raises(ChoiceError, match=f"no report of {DAY} is in force for {TENANT}"):
        preview_withdraw(TENANT, WRONG)
    assert is_equal_when_rebuilt(site)


def test_given_again_by_graph_it_stays_withdrawn_and_imported_again_it_counts(site: OfflineSite):
    night(site)
    before = stands(site)
    wrong = (DETAIL, detail_csv(DAY, {APPS: 6, PROJECT: 4}))
    site.land(wrong)
    replayed(site, DAY)
    taken_out(Wrong(DAY, "cut in half", DETAIL))

    site.land(wrong)
    assert site.backfill(DAY, DAY)[0].verdict is DayVerdict.NOTHING_TO_DO
    with reading(site.engine) as connection:
        [withdrawn] = site.query("SELECT id FROM raw_report WHERE withdrawn_at IS NOT NULL")
        assert plan_from(connection, TENANT, withdrawn).digest == before["plan"][0]
    assert stands(site) == before

    bring(site, wrong[1])
    assert stands(site) == before
    assert replayed(site, DAY).verdict is DayVerdict.APPLIED
    assert site.query("SELECT assigned FROM activation_user_count WHERE product = :it", it=PROJECT) == [(4,)]
    assert is_equal_when_rebuilt(site)


def test_a_withdrawn_counts_report_decides_no_more_what_is_sent(site: OfflineSite):
    night(site)
    before = stands(site)
    bring(site, counts_csv(DAY, {APPS: 5, VISIO: 3}))
    replayed(site, DAY)

    taken_out()

    assert stands(site) == before
    assert is_equal_when_rebuilt(site)


def test_graph_is_not_compared_with_it_and_its_bytes_may_expire(site: OfflineSite):
    night(site)
    night(site, day(1))
    with reading(site.engine) as connection:
        newest = newest_landed(connection, TENANT, DETAIL)

    taken_out(Wrong(day(1), "half of the users are missing", DETAIL))

    with reading(site.engine) as connection:
        before = newest_landed(connection, TENANT, DETAIL)
        expiring = read_expiring(connection, TENANT, now() + timedelta(days=1))
    assert newest
    assert before
    assert (newest.refreshed_on, before.refreshed_on) == (day(1), DAY)
    assert [landed.id for landed in expiring if landed.report is DETAIL] == [newest.id]


def test_what_was_sent_and_had_nothing_before_it_is_named_and_remembered(site: OfflineSite):
    bring(site, counts_csv(DAY, {APPS: 5, VISIO: 2}), detail_csv(DAY, {APPS: 6, VISIO: 2}))
    replayed(site, DAY)
    with writing(site.engine) as connection:
        mark_in_doubt(connection, read_pending(connection, TENANT), Stamp("a night", "someone", now()))

    found = taken_out()

    assert [key.product for key in found.withdrawal.sent] == [APPS]
    assert site.query("SELECT product, agreed_assigned, in_doubt FROM sync_base") in (
        [(APPS, None, True)],
        [(APPS, None, 1)],
    )
    with reading(site.engine) as connection:
        assert read_status(connection, TENANT, at=now()).in_doubt == 0
        assert newest_reconciled_on(connection, TENANT) is None
    assert stands(site)["open"] == []
    assert is_equal_when_rebuilt(site)


def test_nobody_must_guess_which_report_is_meant(site: OfflineSite):
    night(site, day(1))
    night(site)
    bring_wrong(site)
    night(site)  # Graph gives its own again
    [(wrong,)] = site.query("SELECT id FROM raw_report WHERE source = 'import' AND report = 'user-detail'")
    before = stands(site)

    with pytest.raises(ChoiceError, match=rf"Graph gave another report since the import.*{wrong} \(from import"):
        preview_withdraw(TENANT, WRONG)
    with pytest.raises(ChoiceError, match="several kinds of report"):
        preview_withdraw(TENANT, Wrong(day(1), "a reason"))
    with pytest.raises(ChoiceError, match="no such report is in force"):
        preview_withdraw(TENANT, Wrong(DAY, "a reason", "user-details"))
    with pytest.raises(ChoiceError, match="a withdrawal needs a reason"):
        preview_withdraw(TENANT, Wrong(DAY, " "))
    found = taken_out(Wrong(DAY, "a reason", wrong))

    assert [landed.id for landed in found.reports] == [wrong]
    assert stands(site) == before


def test_too_much_is_held_until_that_very_plan_is_approved(tmp_path: Path):
    with open_offline_site(tmp_path, f"sqlite:///{tmp_path / 'w.db'}", few_users=0, max_change_share=0.0) as site:
        night(site)
        before = stands(site)
        bring_wrong(site)
        with pytest.raises(HeldError) as held:
            withdraw(TENANT, WRONG)
        assert stands(site) != before

        withdraw(TENANT, WRONG, held.value.digest[:12])

        assert stands(site) == before
        assert site.query("SELECT rule FROM ledger WHERE kind = 'person' ORDER BY id DESC LIMIT 3") == [
            ("withdraw",),
            ("withdraw",),
            ("approve",),
        ]


def test_a_withdrawal_is_taken_back_by_an_import_and_not_by_a_revert(site: OfflineSite):
    night(site)
    bring_wrong(site)
    taken_out()
    [(run_id,)] = site.query("SELECT run_id FROM sync_run WHERE kind = 'withdraw'")

    with pytest.raises(ChoiceError, match="import it again"):
        find_run(run_id)
