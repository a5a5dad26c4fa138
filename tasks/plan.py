"""Step 3: the plan, from what the warehouse knows; made again, the same, as often as anyone asks."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from sqlalchemy import Connection

from activation_sync.core.model import Plan, PlanInputs
from activation_sync.core.plan import make_plan
from activation_sync.core.run import PlanView
from activation_sync.core.views import view_plan
from activation_sync.warehouse.engine import reading
from activation_sync.warehouse.loading import read_reported
from activation_sync.warehouse.states import read_plan_inputs
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import limits, observed_report, open_warehouse, tenant_settings


@task(task_run_name="plan {run.tenant}", **STEP)
def plan_changes(run: Run, landed_ids: Sequence[str]) -> PlanView:
    """Reconcile observed, warehouse and published; return what would change, and whether the guards agree.

    Safe to repeat: it reads, and writes nothing.
    """
    with reading(open_warehouse()) as connection:
        view = view_plan(plan_from(connection, run.tenant, landed_ids))
    get_run_logger().info(
        "plan %.12s: %d to write, %d to push, %d conflicts", view.digest, view.written, view.pushed, view.conflicts
    )
    return view


def plan_from(connection: Connection, tenant: str, landed_ids: Sequence[str] = ()) -> Plan:
    """The plan that follows from the warehouse as `connection` sees it, and from these reports of tonight."""
    return make_plan(inputs_from(connection, tenant, landed_ids), limits(tenant_settings(tenant)))


def inputs_from(connection: Connection, tenant: str, landed_ids: Sequence[str] = ()) -> PlanInputs:
    """What that plan is made from; without tonight's reports, from the newest that were reconciled."""
    tonight = [read_reported(connection, landed_id) for landed_id in landed_ids]
    return read_plan_inputs(connection, tenant, observed_report(tenant_settings(tenant)), tonight)
