"""What keeps a stale worker from writing: the token of its lease, checked in every transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, update

from activation_sync.errors import LeaseLostError
from activation_sync.warehouse.database.tables import tenant_lease


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one tenant, for as long as `fencing_token` is the newest one given out.

    owner: who holds it, as people will read it. ttl_s: seconds it lasts without being renewed.
    """

    tenant: str
    owner: str
    fencing_token: int
    ttl_s: float = 60


def is_held_by(lease: Lease) -> ColumnElement[bool]:
    row = tenant_lease.c
    return and_(
        row.tenant == lease.tenant, row.fencing_token == lease.fencing_token, row.owner == lease.owner, row.owner != ""
    )


def refuse_lost_lease(conn: Connection, lease: Lease) -> None:
    """Raise LeaseLostError when another run took over. Locks the row, so that nobody can until we commit."""
    if not conn.execute(update(tenant_lease).where(is_held_by(lease)).values(owner=lease.owner)).rowcount:
        raise LeaseLostError(
            f"the lease of tenant {lease.tenant} (token {lease.fencing_token}) was released or taken over by another "
            "run; this run stops here, and the other one brings the tenant up to date"
        )


def extend_lease(conn: Connection, lease: Lease, now: datetime) -> None:
    """Renew at the end of a transaction: while it held the row, the renewing thread could not."""
    expires_at = now + timedelta(seconds=lease.ttl_s)
    conn.execute(update(tenant_lease).where(is_held_by(lease)).values(expires_at=expires_at))
