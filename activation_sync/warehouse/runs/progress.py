"""How far the runs of one night have come, and whether anybody is still at work on them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, select

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.shards import Progress
from activation_sync.warehouse.database.tables import sync_run, tenant_lease
from activation_sync.warehouse.runs.runs import SUMMARY, went_well

Signs: TypeAlias = tuple[Any, ...]


def read_done(conn: Connection, night: date) -> set[str]:
    """The tenants whose night is done, as `is_night_done` says it of one."""
    return set(conn.scalars(select(sync_run.c.tenant).where(*went_well(night)).distinct()))


def read_progress(conn: Connection, run_ids: Mapping[str, str]) -> dict[str, Progress]:
    """How far each tenant's run came; those whose run was never begun are left out. run_ids: by tenant."""
    row = sync_run.c
    rows = conn.execute(select(row.tenant, row.outcome, row.summary).where(row.run_id.in_(run_ids.values())))
    return {tenant: _progress(outcome, summary) for tenant, outcome, summary in rows}


def read_signs(conn: Connection, run_ids: Mapping[str, str]) -> dict[str, Signs]:
    """What changes of each tenant, at least every third of a lease's life, while somebody works on it."""
    lease, run = tenant_lease.c, sync_run.c
    leases = _by_tenant(conn, select(lease.tenant, lease.fencing_token, lease.owner, lease.expires_at))
    runs = _by_tenant(conn, select(run.tenant, run.started_at, run.ended_at).where(run.run_id.in_(run_ids.values())))
    return {tenant: (leases.get(tenant), runs.get(tenant)) for tenant in run_ids}


def _by_tenant(conn: Connection, rows: Select[Any]) -> dict[str, Signs]:
    return {tenant: tuple(signs) for tenant, *signs in conn.execute(rows)}


def _progress(outcome: str | None, summary: str | None) -> Progress:
    if outcome is None:
        return Progress()
    until = SUMMARY.validate_json(summary).put_off_until if summary and outcome == Outcome.PUT_OFF else None
    return Progress(Outcome(outcome), until)
