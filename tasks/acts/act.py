"""The frame of what a person does: a run of its own under the tenant's lease, and one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from activation_sync.core.model import Plan
from activation_sync.core.pages.plan_view import summarise_act
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.runs.runs import record_run
from tasks.run import Run, open_run
from tasks.steps.planning import view_of
from tasks.wiring import now, open_warehouse


@contextmanager
def open_act(tenant: str, kind: RunKind, reason: str | None = None) -> Iterator[tuple[Run, Connection]]:
    """Wait for the tenant, then let one transaction see and change it; the history remembers it, refused or not."""
    with open_run(tenant, now().date(), kind, reason=reason) as run, writing(open_warehouse(), run.lease) as connection:
        yield run, connection


def apply_act(
    run: Run, connection: Connection, plan: Plan, approved_by: str = "", note: str | None = None
) -> RunSummary:
    """Apply what a person decided, the way a night's plan is applied: table, memory, ledger and outbox.

    note: stands beside each decision in the ledger.
    """
    apply_plan(connection, plan, run.stamp(), note)
    view = replace(view_of(plan, Sending.NEXT_SYNC), approved_by=approved_by)
    summary = summarise_act(view, run.run_id, run.as_of)
    record_run(connection, summary, at=now())
    return summary
