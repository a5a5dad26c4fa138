"""Where a tenant stands, from its warehouse alone: Graph is not asked, and nothing is written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from activation_sync.core.rule.conflicts import OpenConflict, open_conflicts
from activation_sync.core.runs.standing import Standing, standing_of
from activation_sync.warehouse.ledger.hindsight import read_conflict_starts
from activation_sync.warehouse.runs.fleet import read_last_runs
from activation_sync.warehouse.runs.status import WarehouseStatus, read_status
from tasks.steps.planning import plan_from
from tasks.wiring import now, sync_settings


def read_conflicts(connection: Connection, tenant: str) -> list[OpenConflict]:
    """The conflicts that are open now: those that the next plan would find, should no new report land."""
    plan = plan_from(connection, tenant)
    products = {change.key.product for change in plan.changes if change.is_conflict}
    return open_conflicts(plan, read_conflict_starts(connection, tenant, products) if products else {})


def read_standing(connection: Connection, tenant: str) -> WarehouseStatus:
    """The tenant's status, its open conflicts counted as `read_conflicts` finds them."""
    status = read_status(connection, tenant, at=now())
    return replace(status, conflicts=len(read_conflicts(connection, tenant)))


def read_standings(connection: Connection, tenants: Sequence[str], night: date) -> list[Standing]:
    """How each of these tenants fares on a night, and since when: quick, however many they are."""
    last_runs = read_last_runs(connection, tenants, now())
    return [standing_of(last, night, sync_settings(last.tenant).stale_after_days) for last in last_runs]
