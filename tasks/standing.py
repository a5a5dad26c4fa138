"""Where a tenant stands, from its warehouse alone: Graph is not asked, and nothing is written."""

from dataclasses import replace

from sqlalchemy import Connection

from activation_sync.core.conflicts import OpenConflict, open_conflicts
from activation_sync.warehouse.hindsight import read_conflict_starts
from activation_sync.warehouse.status import WarehouseStatus, read_status
from tasks.planning import plan_from
from tasks.wiring import now


def read_conflicts(connection: Connection, tenant: str) -> list[OpenConflict]:
    """The conflicts that are open now: those that the next plan would find, should no new report land."""
    plan = plan_from(connection, tenant)
    products = {change.key.product for change in plan.changes if change.is_conflict}
    return open_conflicts(plan, read_conflict_starts(connection, tenant, products) if products else {})


def read_standing(connection: Connection, tenant: str) -> WarehouseStatus:
    """The tenant's status, its open conflicts counted as `read_conflicts` finds them."""
    status = read_status(connection, tenant, at=now())
    return replace(status, conflicts=len(read_conflicts(connection, tenant)))
