"""pgbouncer stands before PostgreSQL and lends a session for one transaction: nights work, and leave nothing in it."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from activation_sync.errors import WarehouseError
from activation_sync.warehouse.database.engine import open_engine, reading
from activation_sync.warehouse.database.grants import JOB
from commands.support.exits import Exit
from tests.support.servers.pooler import SESSIONS, serving_pooler
from tests.support.servers.postgres import as_account
from tests.support.sites.site import Site
from tests.support.sites.terminal import Terminal

OTHERS = ("lock_timeout", "idle_in_transaction_session_timeout", "search_path", "TimeZone", "transaction_read_only")
pytestmark = pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)


@pytest.fixture
def batch_size() -> int:
    return 20


@pytest.fixture
def pooled(warehouse_url: str) -> Iterator[str]:
    """The job's way to the warehouse through the pooler."""
    with serving_pooler(warehouse_url) as url:
        yield as_account(url, JOB)


def other_clients(stack: ExitStack, url: str) -> list[psycopg.Connection]:
    """As many as there are sessions, each with one of them in its hands."""
    clients = [stack.enter_context(psycopg.connect(url, prepare_threshold=None)) for _ in range(SESSIONS)]
    for client in clients:
        client.execute("SELECT 1")
    return clients


def seen_by_others(url: str) -> set[tuple[object, ...]]:
    """What they find set in their sessions, and how many statements prepared."""
    shown = ", ".join(f"current_setting('{name}')" for name in OTHERS)
    with ExitStack() as stack:
        asked = f"SELECT {shown}, (SELECT count(*) FROM pg_prepared_statements)"  # noqa: S608  constants
        return {row for client in other_clients(stack, url) for row in client.execute(asked)}


def leave_settings_behind(url: str) -> None:
    """As clients do that share the pool's account and do not know of it."""
    with ExitStack() as stack:
        for client in other_clients(stack, url):
            client.execute("SET search_path = nowhere")
            client.execute("SET lock_timeout = 1")
            client.execute("SET default_transaction_read_only = on")
            client.commit()


def test_three_syncs_through_a_pooler_end_0_and_leave_other_clients_their_settings(drifting: Site, pooled: str):
    from prefect.settings import PREFECT_API_URL

    untouched = seen_by_others(pooled)
    assert len(untouched) == 1
    drifting.configure(warehouse={"url": pooled})
    terminal = Terminal(drifting.folder)

    for _ in range(3):
        said = terminal.type("sync", PREFECT_API_URL=str(PREFECT_API_URL.value()))
        assert said.code == Exit.DONE, said.everything
        drifting.emulator.advance(days=1)

    assert seen_by_others(pooled) == untouched
    assert len(drifting.query("SELECT run_id FROM sync_run")) == 3


def test_what_other_clients_of_the_pooler_leave_in_its_sessions_changes_nothing(drifting, undisturbed, pooled):
    leave_settings_behind(pooled)
    drifting.configure(warehouse={"url": pooled})

    drifting.sync()

    assert drifting.ending() == undisturbed(0)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("sslmode=require", "it has no TLS, and sslmode in the warehouse's URL asks for it"),
        ("sslmode=verify-full", "it has no TLS, and sslmode in the warehouse's URL asks for it"),
        ("options=-csearch_path=x", "a pooler refuses an option of the warehouse's URL"),
    ],
)
def test_a_pooler_that_cannot_do_what_the_url_asks_for_is_a_mistake_and_not_busy(pooled: str, option: str, said: str):
    engine = open_engine(f"{pooled}?{option}")
    with pytest.raises(WarehouseError, match=said), reading(engine):
        pass
    engine.dispose()
