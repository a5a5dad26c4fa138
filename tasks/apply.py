"""Step 4: one transaction writes the warehouse, the ledger and the outbox."""

from collections.abc import Sequence

from prefect import get_run_logger, task

from activation_sync.core.plan import hold_if_not_approved
from activation_sync.core.run import PlanView
from activation_sync.core.views import view_plan
from activation_sync.warehouse.apply import apply_plan as write_plan
from activation_sync.warehouse.engine import writing
from activation_sync.warehouse.snapshots import apply_reports
from tasks.plan import plan_from
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import now, open_warehouse


@task(task_run_name="apply", **STEP)
def apply_plan(run: Run, landed_ids: Sequence[str], approve: str | None) -> PlanView:
    """Apply the plan, or hold the run; return what was applied.

    The plan is made again inside the transaction, so that what is applied follows from what is there, even when a
    person edited the table a moment ago. Safe to repeat: once applied, the same inputs need no change.
    """
    with writing(open_warehouse(), run.lease) as connection:
        plan = plan_from(connection, run.tenant, landed_ids)
        hold_if_not_approved(plan, approve)
        write_plan(connection, plan, run_id=run.run_id, who=run.who, at=now())
        apply_reports(connection, landed_ids, now())
    view = view_plan(plan)
    get_run_logger().info("applied %.12s: %d written, %d queued", view.digest, view.written, view.pushed)
    return view
