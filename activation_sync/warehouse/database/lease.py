"""One run at a time for each tenant.

The lease runs out by itself, so that a killed run blocks nobody for long; its token only ever grows, so that a run
that was merely paused cannot write after another took over.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread

from sqlalchemy import Connection, Engine, select, update

from activation_sync.clock import CLOCK, Clock
from activation_sync.errors import FatalError, TenantBusyError, TransientError
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.fencing import Lease as Lease
from activation_sync.warehouse.database.fencing import extend_lease, is_held_by, refuse_lost_lease
from activation_sync.warehouse.database.tables import tenant_lease
from activation_sync.warehouse.database.upsert import insert_or_ignore

POLL_S = 1.0
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a lease is held, in seconds.

    ttl_s: how long it lasts without being renewed. wait_s: how long to wait for another holder.
    renew_every_s: every third of `ttl_s` when left out.
    """

    ttl_s: float = 60
    wait_s: float = 0
    renew_every_s: float | None = None


DEFAULT_TERMS = Terms()


@contextmanager
def hold_lease(
    engine: Engine,
    tenant: str,
    owner: str,
    terms: Terms = DEFAULT_TERMS,
    clock: Clock = CLOCK,
) -> Iterator[Lease]:
    """The tenant's lease for the length of the block, renewed from a thread; TenantBusyError when another holds it."""
    lease = _wait_for(partial(_take, engine, tenant, owner, terms.ttl_s, clock), terms.wait_s, clock)
    done = Event()
    renewing = Thread(
        target=_keep_renewing,
        args=(engine, lease, terms.renew_every_s or terms.ttl_s / 3, done, clock),
        name=f"lease of {tenant}",
        daemon=True,
    )
    renewing.start()
    try:
        yield lease
    finally:
        done.set()
        renewing.join()
        with suppress(TransientError), writing(engine) as conn:  # not released, it runs out by itself
            release(conn, lease, clock.now())


def acquire(conn: Connection, tenant: str, owner: str, now: datetime, *, ttl_s: float = 60) -> Lease:
    """Take the tenant's lease, or take it over once it has run out; TenantBusyError names holder and end."""
    row = tenant_lease.c
    never_held = {"tenant": tenant, "owner": "", "fencing_token": 0, "expires_at": NEVER}
    conn.execute(insert_or_ignore(conn, tenant_lease), [never_held])
    held = conn.execute(select(tenant_lease).where(row.tenant == tenant).with_for_update()).one()
    if held.owner and held.expires_at > now:
        raise TenantBusyError(
            f"tenant {tenant} is held by {held.owner} until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC; "
            "wait for that run to end (if it was killed, its lease runs out by then)"
        )
    lease = Lease(tenant, owner, held.fencing_token + 1, ttl_s)
    taken = {"owner": owner, "fencing_token": lease.fencing_token, "expires_at": now + timedelta(seconds=ttl_s)}
    conn.execute(update(tenant_lease).where(row.tenant == tenant).values(taken))
    return lease


def renew(conn: Connection, lease: Lease, now: datetime) -> None:
    """Let the lease last `ttl_s` from now; LeaseLostError when another run took over."""
    refuse_lost_lease(conn, lease)
    extend_lease(conn, lease, now)


def release(conn: Connection, lease: Lease, now: datetime) -> None:
    """Let the next run in at once; nothing when another run took over meanwhile."""
    conn.execute(update(tenant_lease).where(is_held_by(lease)).values(owner="", expires_at=now))


def _take(engine: Engine, tenant: str, owner: str, ttl_s: float, clock: Clock) -> Lease:
    with writing(engine) as conn:
        return acquire(conn, tenant, owner, clock.now(), ttl_s=ttl_s)


def _wait_for(take: Callable[[], Lease], wait_s: float, clock: Clock) -> Lease:
    deadline = clock.now() + timedelta(seconds=wait_s)
    while True:
        try:
            return take()
        except TenantBusyError:
            if clock.now() >= deadline:
                raise
        clock.sleep(POLL_S)


def _keep_renewing(engine: Engine, lease: Lease, every_s: float, done: Event, clock: Clock) -> None:
    while not done.wait(every_s):
        try:
            with writing(engine) as conn:
                renew(conn, lease, clock.now())
        except TransientError:
            continue  # our own long transaction may hold the row: it renews when it commits
        except FatalError:
            return  # lost, or the warehouse is gone: the next write of the run says so itself
