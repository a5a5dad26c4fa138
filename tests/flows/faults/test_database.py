"""Whatever happens to the database during a run: it is waited out, or the run fails and the next one completes it."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault
from tasks.wiring import open_warehouse
from tests.support.faults import script
from tests.support.servers.postgres import restart_postgres
from tests.support.sites.interference import Neighbour, end_what_waits_for, meanwhile, wait_for_call
from tests.support.sites.site import PATCH, Site

LOCK_TIMEOUT_S = 0.1
sqlite = pytest.mark.parametrize(("warehouse_url", "batch_size"), [("sqlite", 1)], indirect=["warehouse_url"])
postgresql = pytest.mark.parametrize(("warehouse_url", "batch_size"), [("postgresql", 1)], indirect=["warehouse_url"])
SLOW_PATCH = (PATCH, Fault(kind="drip", pause_s=0.003))  # a second for an answer: time for a fault to happen


@pytest.fixture
def neighbour(drifting: Site) -> Iterator[Neighbour]:
    neighbour = Neighbour(Path(drifting.engine.url.database))
    yield neighbour
    neighbour.close()


@sqlite
def test_a_file_that_another_process_locks_for_long_is_waited_for(drifting, undisturbed, neighbour):
    drifting.configure(warehouse={"lock_timeout_s": LOCK_TIMEOUT_S}, sync={"retry_delays_s": [0.1] * 20})
    script(drifting, [SLOW_PATCH])

    def lock_twice() -> None:
        neighbour.lock_for(5 * LOCK_TIMEOUT_S)
        wait_for_call(drifting, PATCH)
        neighbour.lock_for(5 * LOCK_TIMEOUT_S)

    with meanwhile(lock_twice):
        assert drifting.sync().outcome is Outcome.DONE

    assert drifting.ending() == undisturbed(0)


@sqlite
def test_a_file_that_stays_locked_fails_the_run_and_the_next_one_completes_it(drifting, undisturbed, neighbour):
    drifting.configure(warehouse={"lock_timeout_s": LOCK_TIMEOUT_S})
    script(drifting, [SLOW_PATCH])

    def lock_from_the_first_patch() -> None:
        wait_for_call(drifting, PATCH)
        neighbour.execute("BEGIN IMMEDIATE")

    with meanwhile(lock_from_the_first_patch):
        summary = drifting.sync()

    assert (summary.outcome, "another writer holds it" in summary.error) == (Outcome.FAILED, True)
    neighbour.execute("COMMIT")
    drifting.execute("UPDATE tenant_lease SET owner = ''")  # nobody could release it; it runs out after a minute
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@postgresql
@pytest.mark.parametrize("table", ["tenant_lease", "sync_run", "raw_report", "reported_count", "ledger"])
def test_a_connection_that_breaks_inside_a_transaction_is_made_again(drifting, undisturbed, warehouse_url, table):
    is_held = Event()
    with meanwhile(partial(end_what_waits_for, warehouse_url, table, is_held)):
        is_held.wait()
        assert drifting.sync().outcome is Outcome.DONE

    assert drifting.ending() == undisturbed(0)


@postgresql
def test_a_server_that_restarts_during_delivery_is_waited_for(drifting, undisturbed, warehouse_url):
    drifting.configure(sync={"retry_delays_s": [0.2] * 30})
    script(drifting, [SLOW_PATCH])

    def restart() -> None:
        wait_for_call(drifting, PATCH)
        restart_postgres(warehouse_url)

    with meanwhile(restart):
        assert drifting.sync().outcome is Outcome.DONE

    drifting.engine.dispose()
    assert drifting.ending() == undisturbed(0)


@sqlite
@pytest.mark.parametrize("pages_left", [0, 4, 8])
def test_a_full_disk_fails_the_run_and_the_next_one_completes_it(drifting, undisturbed, pages_left):
    with full_after(pages_left):
        summary = drifting.sync()

    assert (summary.outcome, "the disk is full; free space there" in summary.error) == (Outcome.FAILED, True)
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@contextmanager
def full_after(pages_left: int) -> Iterator[None]:
    """No connection of the job may make the SQLite file larger by more than this."""
    engine = open_warehouse()

    def limit(connection: sqlite3.Connection, _: object) -> None:
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {pages + pages_left}")

    event.listen(engine, "connect", limit)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


@sqlite
def test_a_file_that_may_not_grow_fails_the_run_and_the_next_one_completes_it(drifting, undisturbed):
    with largest_file(Path(drifting.engine.url.database).stat().st_size):
        summary = drifting.sync()

    assert (summary.outcome, "the limits on file sizes" in summary.error) == (Outcome.FAILED, True)
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@postgresql
def test_a_disk_too_full_for_a_report_fails_the_run_and_leaves_nothing_half_written(drifting, undisturbed):
    with largest_file(2_000):
        summary = drifting.sync()

    assert (summary.outcome, "refuses a file of this size" in summary.error) == (Outcome.FAILED, True)
    assert not list((drifting.folder / "landing" / ".incoming").iterdir())
    assert not list((drifting.folder / "landing").rglob("user-detail/*"))
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
