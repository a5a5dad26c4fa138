"""The nightly job of one tenant: the order of its steps, and nothing else."""

from datetime import date

from prefect import State, flow, unmapped
from prefect.states import Completed, Failed

from activation_sync.core.model import Report
from activation_sync.core.pages.plan_view import summarise_preview
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import RunSummary, outcome_words
from activation_sync.errors import ChoiceError, HeldError
from tasks.approval import NONE, Approval, approval_of
from tasks.run import open_run, results_of, run_name, scheduled_on
from tasks.steps.apply import apply_plan
from tasks.steps.deliver import deliver_updates
from tasks.steps.expire import expire_reports
from tasks.steps.land import land_report, landed_ids, refusals
from tasks.steps.load import load_report
from tasks.steps.plan import plan_changes
from tasks.steps.preview import preview_changes
from tasks.steps.publish import publish_plan, publish_run
from tasks.steps.verify import verify_delivery


@flow(name="sync", flow_run_name=run_name)
def sync(
    tenant: str,
    as_of: date | None = None,
    dry_run: bool = False,
    approve: str | None = None,
    approved_by: str = "",
) -> State[RunSummary]:
    """Bring warehouse and Graph to the same counts for one tenant, or stop and say why not.

    The dashboard's run form shows what stands under Args.

    Args:
        tenant: The tenant's name in the configuration.
        as_of: The night this run stands for. Left empty, the day it was scheduled for (UTC).
        dry_run: Show what would change, and write nothing anywhere.
        approve: Digest of a held plan that you have looked at: the 12 characters that the held run and its plan
            artifact name. Only that very plan goes on, any other stays held. Left empty, nothing is approved.
        approved_by: Your name, if you approve. Nobody checks it: the ledger says that it was claimed.
    """
    as_of = as_of or scheduled_on()
    if dry_run:
        plan = preview_changes(tenant, as_of)
        publish_plan(plan)
        return _ended(summarise_preview(plan, as_of))
    try:
        return _ended(sync_tenant(tenant, as_of, approval_of([tenant], approve, approved_by)))
    except HeldError as held:
        return Failed(name=Outcome.HELD.state_name, message=str(held), data=held)
    except ChoiceError as error:
        return Failed(message=str(error), data=error)


def sync_tenant(tenant: str, as_of: date, approval: Approval = NONE, run_id: str | None = None) -> RunSummary:
    """The steps, inside any flow; run_id tells several tenants of one flow run apart."""
    with open_run(tenant, as_of, run_id=run_id) as run:
        tonight = results_of(land_report.map(list(Report), unmapped(run)))
        loaded = results_of(load_report.map(landed_ids(tonight), unmapped(run)))
        publish_plan(plan_changes(run, loaded))
        applied = apply_plan(run, loaded, approval)
        delivery = deliver_updates(run)
        verification = verify_delivery(run)
        expire_reports(run)
        return publish_run(run, applied, delivery, verification, refusals(tonight))


def _ended(summary: RunSummary) -> State[RunSummary]:
    return Completed(name=summary.outcome.state_name, message=outcome_words(summary), data=summary)
