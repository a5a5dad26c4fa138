"""The warehouse follows from the landed reports and the ledger: built again, it equals the one that was lived in."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from activation_sync.core.model import ConflictPolicy, Decision
from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault
from activation_sync.errors import WarehouseError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.rebuilding.compare import Comparison
from tasks.acts.rebuild import Rebuilt, rebuild
from tasks.acts.resolve import resolve
from tasks.acts.retry import retry
from tasks.acts.revert import find_run, revert
from tasks.nights.standing import read_conflicts
from tests.support.sites.secret_files import write_secret
from tests.support.sites.site import PATCH, Site

DETAIL = "GET getOffice365ActivationsUserDetail"
numbers = count(1)


@pytest.fixture
def into(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rebuilt.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def into_either(request: pytest.FixtureRequest, into: str) -> Iterator[str]:
    """An empty database, once on each kind, whatever the present warehouse is on."""
    if request.param == "sqlite":
        yield into
        return
    server_url, name = request.getfixturevalue("postgres_url"), f"rebuilt_{next(numbers)}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield server_url.replace("/postgres?", f"/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def found(rebuilt: Rebuilt, table: str) -> Comparison:
    return next(each for each in rebuilt.tables if each.table == table)


def differences(rebuilt: Rebuilt) -> dict[str, list[str]]:
    return {table.table: table.first for table in rebuilt.tables if table.differences}


def live_through_five_nights(site: Site) -> None:
    """A correction, a dead letter, lost answers, conflicts, restatements, people, a held night, and another client."""
    site.configure(write_back={"batch_size": 1}, sync={"few_users": 1_000_000})
    site.sync()
    undo_a_restatement(site)
    products = [product for (product,) in site.query("SELECT product FROM activation_user_count ORDER BY 1")]
    site.execute("UPDATE activation_user_count SET assigned = assigned + 3 WHERE product = :it", it=products[0])
    site.emulator.advance(days=1)
    site.emulator.will_answer(PATCH, Fault(400))
    site.emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    site.sync()
    site.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005, updated_by = 'a person'")
    site.emulator.will_answer(DETAIL, Fault(kind="restated"))
    assert site.sync().plan.conflicts > 0
    let_people_act(site)
    site.emulator.advance(days=1)
    site.sync()
    site.execute("DELETE FROM activation_user_count WHERE product = :it", it=products[-1])
    site.emulator.will_answer(DETAIL, Fault(kind="header-only"))
    assert site.sync().outcome is Outcome.HELD
    site.emulator.advance(days=1)
    site.emulator.will_answer(PATCH, Fault(400))
    site.emulator.will_answer(PATCH, Fault(kind="echoed"))
    site.emulator.will_answer(PATCH, Fault(kind="overtaken"))
    unsettled = site.sync()
    assert (unsettled.verification.different, len(unsettled.delivery.left_over)) == (1, 1)
    site.configure(write_back={"enabled": False})
    site.emulator.advance(days=1)
    site.sync()


def undo_a_restatement(site: Site) -> None:
    site.emulator.will_answer(DETAIL, Fault(kind="restated"))
    revert(find_run(site.sync().run_id))


def let_people_act(site: Site) -> None:
    """One conflict decided by half, one decided, dead letters offered again."""
    tenant = site.tenant.name
    with reading(site.engine) as connection:
        first, *_, last = sorted(read_conflicts(connection, tenant), key=lambda conflict: len(conflict.measures))
    assert len(last.measures) == 2
    resolve(tenant, last.product, ConflictPolicy.OBSERVED, last.refreshed_on, last.measures[0].measure)
    resolve(tenant, first.product, ConflictPolicy.WAREHOUSE, first.refreshed_on)
    retry(tenant)


def test_after_nights_of_trouble_the_rebuilt_warehouse_equals_the_present_one(site: Site, into_either: str):
    live_through_five_nights(site)

    rebuilt = rebuild(into_either)

    assert site.query("SELECT count(*) FROM sync_base WHERE in_doubt") > [(0,)]
    assert {state for (state,) in site.query("SELECT state FROM outbox")} == set(OutboxState)
    rules = {rule for (rule,) in site.query("SELECT rule FROM ledger WHERE kind = 'decision'")}
    assert rules >= {*Decision} - {Decision.CONVERGE, Decision.WITHDRAW}  # withdrawals have a rebuild of their own
    assert differences(rebuilt) == {}
    assert rebuilt.problems == ()
    assert rebuilt.is_equal
    assert {table.table for table in rebuilt.tables if table.rows == 0} == set()
    assert sum(table.edited for table in rebuilt.tables) == 0


def test_a_rebuilt_warehouse_goes_on_where_the_present_one_stands(site: Site, into: str):
    site.sync()
    rebuild(into)
    sent = len(site.patches())
    site.configure(warehouse={"url": into})

    assert site.sync().outcome is Outcome.NOTHING_NEW
    assert len(site.patches()) == sent


def test_edits_that_no_run_has_seen_are_counted_and_are_no_difference(site: Site, into: str):
    site.sync()
    site.execute("UPDATE activation_user_count SET assigned = 1 WHERE product LIKE 'MICROSOFT%'")
    [(edited,)] = site.query("SELECT count(*) FROM activation_user_count WHERE assigned = 1")

    rebuilt = rebuild(into)

    assert rebuilt.is_equal
    assert found(rebuilt, "activation_user_count").edited == edited > 0


def test_a_value_that_changed_behind_the_triggers_is_a_difference(site: Site, into: str):
    site.sync()
    site.execute("UPDATE sync_base SET agreed_assigned = 77 WHERE product LIKE 'MICROSOFT%'")

    rebuilt = rebuild(into)

    assert not rebuilt.is_equal
    assert set(differences(rebuilt)) == {"sync_base"}
    assert "agreed_assigned 77 -> " in differences(rebuilt)["sync_base"][0]


def test_a_damaged_and_a_missing_file_are_named(site: Site, into: str):
    site.sync()
    damaged, missing = (path for (path,) in site.query("SELECT path FROM raw_report ORDER BY path LIMIT 2"))
    (site.folder / "landing" / damaged).write_bytes(b"damaged")
    (site.folder / "landing" / missing).unlink()

    rebuilt = rebuild(into)

    assert not rebuilt.is_equal
    assert len(rebuilt.problems) == 2
    assert any(damaged in words and "damaged" in words for words in rebuilt.problems)
    assert any(missing in words and "missing" in words for words in rebuilt.problems)


def test_what_expired_is_carried_over_and_said(site: Site, into: str):
    site.sync()
    site.emulator.advance(days=1)
    site.sync()
    old = site.query("SELECT path FROM raw_report ORDER BY landed_at LIMIT 3")
    for (path,) in old:
        (site.folder / "landing" / path).unlink()
        site.execute("UPDATE raw_report SET expired_at = landed_at WHERE path = :path", path=path)

    rebuilt = rebuild(into)

    assert rebuilt.is_equal
    assert (rebuilt.expired, rebuilt.problems) == (3, ())


@pytest.mark.parametrize("names", ["hash", "drop"])
def test_concealed_users_are_found_again_and_never_printed(site: Site, into: str, names: str):
    write_secret(site.folder / "names-key", "a key of 24 letters here")
    site.configure(sync={"names": names, "names_key": "file:names-key"})
    site.sync()

    assert rebuild(into).is_equal

    site.execute("UPDATE loaded_user_detail SET windows = 4711")
    Path(into.removeprefix("sqlite:///")).unlink()
    rebuilt = rebuild(into)
    users = {user for (user,) in site.query("SELECT user_principal_name FROM activation_user_detail")}
    words = differences(rebuilt)["activation_user_detail"]
    assert words
    assert not any(user in line for user in users for line in words)


def test_a_broken_ledger_is_named(site: Site, into: str):
    site.sync()
    guard = (
        "DROP TRIGGER ledger_refuses_update"
        if site.engine.dialect.name == "sqlite"
        else "ALTER TABLE ledger DISABLE TRIGGER USER"
    )
    site.execute(guard)
    site.execute("UPDATE ledger SET who = 'nobody' WHERE id = 1")

    (problem,) = rebuild(into).problems

    assert "breaks at row 1" in problem


def test_a_warehouse_in_use_is_refused(site: Site, warehouse_url: str):
    with pytest.raises(WarehouseError, match="in use"):
        rebuild(warehouse_url)
