"""Step 3: the plan, from what the warehouse knows; made again, the same, as often as anyone asks."""

from collections.abc import Sequence

from prefect import task

from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.summary import PlanView
from activation_sync.warehouse.database.engine import reading
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.steps.planning import plan_from, view_of
from tasks.wiring import open_warehouse


@task(task_run_name="plan {run.tenant}", **STEP)
def plan_changes(run: Run, landed_ids: Sequence[str]) -> PlanView:
    """Reconcile observed, warehouse and published; return what would change, and whether the guards agree.

    Safe to repeat: it reads, and writes nothing.
    """
    with reading(open_warehouse()) as connection:
        plan = plan_from(connection, run.tenant, landed_ids, run.as_of)
    view = view_of(plan, Sending.WOULD if plan.is_held else Sending.NOW)
    conflicts = rows_words(view.conflicts, "conflict")
    step_log().info("plan %.12s: %d to write, %d to send, %s", view.digest, view.written, view.pushed, conflicts)
    return view
