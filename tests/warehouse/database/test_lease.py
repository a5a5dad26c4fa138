"""One run at a time for each tenant, and a stale one cannot write."""

import threading
from datetime import timedelta
from threading import Semaphore

import pytest
from sqlalchemy import select, update

from activation_sync.errors import LeaseLostError, TenantBusyError, WarehouseBusyError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.lease import Terms, acquire, hold_lease, release, renew
from activation_sync.warehouse.database.tables import activation_user_count, tenant_lease
from tests.support.rows import AT, by_hand


class StoppedClock:
    """Stands still until it is told to move, or somebody sleeps."""

    def __init__(self):
        self.moment = AT

    def now(self):
        return self.moment

    def sleep(self, seconds):
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return StoppedClock()


def take(engine, owner, at=AT, ttl_s=60):
    with writing(engine) as conn:
        return acquire(conn, "contoso", owner, at, ttl_s=ttl_s)


def expires_at(engine):
    with reading(engine) as conn:
        return conn.scalar(select(tenant_lease.c.expires_at))


def test_a_second_run_is_told_who_holds_the_tenant_and_until_when(engine, clock):
    with (
        hold_lease(engine, "contoso", "run 1 on host a", clock=clock),
        pytest.raises(TenantBusyError, match=r"run 1 on host a until 2026-11-21 02:01:00 UTC"),
        hold_lease(engine, "contoso", "run 2", clock=clock),
    ):
        pass


def test_another_tenant_is_another_lease(engine):
    with hold_lease(engine, "contoso", "run 1") as one, hold_lease(engine, "fabrikam", "run 2") as other:
        assert (one.tenant, other.tenant) == ("contoso", "fabrikam")


def test_a_released_lease_is_free_at_once_and_its_token_still_grows(engine):
    with hold_lease(engine, "contoso", "run 1") as first:
        pass
    with hold_lease(engine, "contoso", "run 2") as second:
        assert second.fencing_token == first.fencing_token + 1


def test_the_lease_of_a_killed_run_is_waited_for_and_taken_over(engine, clock):
    killed = take(engine, "killed")
    with hold_lease(engine, "contoso", "next", Terms(wait_s=120), clock=clock) as lease:
        assert lease.fencing_token == killed.fencing_token + 1
        assert clock.moment == AT + timedelta(seconds=60)


def test_waiting_ends(engine, clock):
    take(engine, "killed")
    with (
        pytest.raises(TenantBusyError),
        hold_lease(engine, "contoso", "next", Terms(wait_s=10), clock=clock),
    ):
        pass
    assert clock.moment == AT + timedelta(seconds=10)


def test_a_run_that_was_paused_too_long_cannot_write(engine):
    paused = take(engine, "paused")
    take(engine, "next", AT + timedelta(seconds=61))
    with pytest.raises(LeaseLostError, match="taken over by another run"), writing(engine, paused) as conn:
        by_hand(conn)
    with reading(engine) as conn:
        assert conn.execute(select(activation_user_count)).all() == []


def test_a_run_that_released_its_lease_cannot_write(engine):
    with hold_lease(engine, "contoso", "run 1") as lease:
        pass
    with pytest.raises(LeaseLostError), writing(engine, lease):
        pass


def test_a_lost_lease_cannot_be_renewed_and_releasing_it_hurts_nobody(engine):
    lost, later = take(engine, "paused"), AT + timedelta(seconds=61)
    take(engine, "next", later)
    with pytest.raises(LeaseLostError), writing(engine) as conn:
        renew(conn, lost, later)
    with writing(engine) as conn:
        release(conn, lost, later)
        assert conn.scalar(select(tenant_lease.c.owner)) == "next"


def test_a_long_transaction_has_renewed_the_lease_by_the_time_it_commits(engine, clock):
    lease = take(engine, "loading", ttl_s=60)
    with writing(engine, lease, clock=clock.now):
        clock.sleep(300)
    assert expires_at(engine) == AT + timedelta(seconds=360)


class CountingClock(StoppedClock):
    """Moves a second each time it is read, and can be waited for."""

    def __init__(self):
        super().__init__()
        self.reads = Semaphore(0)

    def now(self):
        self.sleep(1)
        self.reads.release()
        return self.moment

    def is_read_twice_more(self):
        """Twice: by then the renewal of the first time is committed."""
        while self.reads.acquire(blocking=False):
            pass
        return self.reads.acquire(timeout=20) and self.reads.acquire(timeout=20)


@pytest.fixture
def counting():
    return CountingClock()


def test_the_lease_is_renewed_while_it_is_held(engine, counting):
    with hold_lease(engine, "contoso", "run 1", Terms(renew_every_s=0.01), clock=counting):
        taken_until = expires_at(engine)
        assert counting.is_read_twice_more()
        assert expires_at(engine) > taken_until


def test_renewing_ends_when_the_lease_was_lost(engine, clock):
    with hold_lease(engine, "contoso", "paused", Terms(renew_every_s=0.01), clock=clock):
        renewing = next(thread for thread in threading.enumerate() if thread.name == "lease of contoso")
        with writing(engine) as conn:
            conn.execute(update(tenant_lease).values(owner="next"))
        renewing.join(timeout=20)
        assert not renewing.is_alive()
    with reading(engine) as conn:
        assert conn.scalar(select(tenant_lease.c.owner)) == "next"


def test_renewing_goes_on_after_the_warehouse_was_busy(engine, counting):
    with hold_lease(engine, "contoso", "run 1", Terms(renew_every_s=0.01), clock=counting) as lease:
        with writing(engine) as conn:
            renew(conn, lease, AT)
            for _ in range(2):  # as long as this waits in vain, the renewing thread does
                with pytest.raises(WarehouseBusyError), writing(engine) as other:
                    renew(other, lease, AT)
        renewed_until = expires_at(engine)
        assert counting.is_read_twice_more()
        assert expires_at(engine) > renewed_until
