"""Where a tenant stands, from its warehouse alone: Graph is not asked, and nothing is written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from activation_sync.core.rule.conflicts import OpenConflict, open_conflicts
from activation_sync.core.runs.standing import Standing, is_known, malformed, standing_of
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ActivationSyncError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.ledger.hindsight import read_conflict_starts
from activation_sync.warehouse.runs.fleet import read_last_runs
from activation_sync.warehouse.runs.status import WarehouseStatus, read_status
from tasks.steps.planning import plan_from
from tasks.wiring import malformed_tenants, now, open_warehouse, sync_settings


def read_conflicts(connection: Connection, tenant: str) -> list[OpenConflict]:
    """The conflicts that are open now: those that the next plan would find, should no new report land."""
    plan = plan_from(connection, tenant)
    products = {change.key.product for change in plan.changes if change.is_conflict}
    return open_conflicts(plan, read_conflict_starts(connection, tenant, products) if products else {})


def read_standing(connection: Connection, tenant: str) -> WarehouseStatus:
    """The tenant's status, its open conflicts counted as `read_conflicts` finds them; of a malformed tenant none is."""
    status = read_status(connection, tenant, at=now())
    if tenant in malformed_tenants():
        return status
    return replace(status, conflicts=len(read_conflicts(connection, tenant)))


def known_troubles(summaries: Sequence[RunSummary], began_on: date) -> set[str]:
    """The tenants of a night that failed, or are held, as before that day (UTC); none if the warehouse cannot say."""
    amiss = {one.tenant: one.outcome.condition for one in summaries if one.outcome.fails_flow}
    try:
        with reading(open_warehouse()) as connection:
            standings = read_standings(connection, list(amiss), began_on) if amiss else []
    except ActivationSyncError:
        return set()
    return {one.tenant for one in standings if one.condition is amiss[one.tenant] and is_known(one, began_on)}


def read_standings(connection: Connection, tenants: Sequence[str], night: date) -> list[Standing]:
    """How each of these tenants fares on a night, and since when: quick, however many they are."""
    last_runs, mistakes = read_last_runs(connection, tenants, now()), malformed_tenants()
    standings = [standing_of(last, night, sync_settings(last.tenant).stale_after_days) for last in last_runs]
    return [malformed(one, mistakes[one.tenant]) if one.tenant in mistakes else one for one in standings]
