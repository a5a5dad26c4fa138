"""After a restore from an older backup: what of the landing the warehouse does not know, and doubt about Graph."""

from datetime import date

from sqlalchemy import ColumnElement, Connection, select, update

from activation_sync.core.model import Key
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.kinds import Source
from activation_sync.warehouse.database.measures import has_counts
from activation_sync.warehouse.database.tables import raw_report, sync_base
from activation_sync.warehouse.ledger.ledger import RESTORE, Act, record_doubts


def read_known_paths(conn: Connection, tenant: str) -> frozenset[str]:
    """Where the bytes of every report lay that the manifest knows, expired or not."""
    return frozenset(conn.scalars(select(raw_report.c.path).where(raw_report.c.tenant == tenant)))


def read_unreconciled_dates(conn: Connection, tenant: str) -> frozenset[date]:
    """The refresh dates of reports that count as Graph's, were read, and that no applied plan was made from."""
    row = raw_report.c
    is_open = (row.reconciled_at.is_(None), row.rejected.is_(None), row.withdrawn_at.is_(None))
    of_graph = (row.tenant == tenant, row.source == Source.GRAPH, row.refreshed_on.is_not(None))
    return frozenset(conn.scalars(select(row.refreshed_on).where(*of_graph, *is_open)))


def read_certain_keys(conn: Connection, tenant: str) -> list[Key]:
    """The keys on which anything is settled and that are not in doubt."""
    row = sync_base.c
    certain = select(row.refreshed_on, row.product).where(*_certain(tenant))
    return [Key(*key) for key in conn.execute(certain.order_by(row.refreshed_on, row.product))]


def doubt_all(conn: Connection, tenant: str, stamp: Stamp) -> int:
    """Put every key in doubt, so that the next run sends each once more; the ledger has a row of each. How many."""
    keys = read_certain_keys(conn, tenant)
    conn.execute(update(sync_base).where(*_certain(tenant)).values(in_doubt=True))
    act = Act(RESTORE, "what Graph holds is not known after a restore, so the next sync sends this row once more")
    record_doubts(conn, tenant, keys, act, stamp)
    return len(keys)


def _certain(tenant: str) -> tuple[ColumnElement[bool], ...]:
    return sync_base.c.tenant == tenant, ~sync_base.c.in_doubt, has_counts(sync_base, "agreed_")
