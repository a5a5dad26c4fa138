"""The plan that follows from the warehouse, for whatever step or command asks; without Prefect, so a look is quick."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from activation_sync.core.model import Plan, PlanInputs
from activation_sync.core.pages.plan_view import view_plan
from activation_sync.core.rule.plan import make_plan
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.summary import PlanView
from activation_sync.warehouse.counts.states import read_plan_inputs
from activation_sync.warehouse.reports.loading import read_reported
from activation_sync.warehouse.reports.manifest import in_force
from tasks.wiring import limits, now, observed_report, tenant_settings


def plan_from(connection: Connection, tenant: str, landed_ids: Sequence[str] = (), as_of: date | None = None) -> Plan:
    """The plan that follows from the warehouse as `connection` sees it, and from these reports of tonight."""
    return make_plan(inputs_from(connection, tenant, landed_ids, as_of), limits(tenant_settings(tenant)))


def inputs_from(
    connection: Connection, tenant: str, landed_ids: Sequence[str] = (), as_of: date | None = None
) -> PlanInputs:
    """What that plan is made from; without tonight's reports, from the newest that were reconciled.

    A report that a person withdrew counts for nothing, although Graph gave it again tonight.
    """
    tonight = [read_reported(connection, landed_id) for landed_id in in_force(connection, landed_ids)]
    return read_plan_inputs(connection, tenant, observed_report(tenant_settings(tenant)), tonight, judged_on(as_of))


def view_of(plan: Plan, sending: Sending) -> PlanView:
    """A plan as it is shown, by whether its tenant's updates may leave."""
    return view_plan(plan, sending, is_write_back_on=tenant_settings(plan.tenant).write_back.enabled)


def judged_on(as_of: date | None) -> date:
    """The day by which reports may have been downloaded: a night that is caught up late stands for an earlier one."""
    return max(now().date(), as_of or date.min)
