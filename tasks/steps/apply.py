"""Step 4: one transaction writes the warehouse, the ledger and the outbox."""

from collections.abc import Sequence
from dataclasses import replace

from prefect import task
from sqlalchemy import Connection

from activation_sync.core.model import Plan
from activation_sync.core.rule.plan import hold_if_not_approved
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.summary import PlanView
from activation_sync.core.runs.words import not_held_words
from activation_sync.warehouse.counts.apply import apply_plan as write_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.ledger.ledger import Act, record_act
from activation_sync.warehouse.reports.keeping import apply_reports
from tasks.approval import Approval
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.steps.planning import plan_from, view_of
from tasks.wiring import now, open_warehouse


@task(task_run_name="apply {run.tenant}", **STEP)
def apply_plan(run: Run, landed_ids: Sequence[str], approval: Approval) -> PlanView:
    """Apply the plan, or hold the run; return what was applied.

    The plan is made again inside the transaction, so that what is applied follows from what is there, even when a
    person edited the table a moment ago. Safe to repeat: once applied, the same inputs need no change.
    """
    with writing(open_warehouse(), run.lease) as connection:
        plan = plan_from(connection, run.tenant, landed_ids, run.as_of)
        hold_if_not_approved(plan, approval.digest)
        approved_by = record_approval(connection, run, plan, approval)
        write_plan(connection, plan, run.stamp())
        apply_reports(connection, landed_ids, now())
    view = replace(view_of(plan, Sending.NOW), approved_by=approved_by)
    if approval.digest and not plan.is_held:
        step_log().info(not_held_words(approval.digest))
    step_log().info("applied %.12s: %d written, %d queued", view.digest, view.written, view.pushed)
    return view


def record_approval(connection: Connection, run: Run, plan: Plan, approval: Approval) -> str:
    """Note who let a plan go on that the guards object to; empty when they do not."""
    if not plan.is_held:
        return ""
    reasons = "; ".join(finding.message for finding in plan.findings)
    note = f"plan {plan.digest}, held because {reasons}"
    record_act(connection, run.tenant, Act("approve", note), run.stamp().by(approval.who))
    return approval.who
