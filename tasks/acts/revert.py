"""A person undoes a run."""

from sqlalchemy import Connection

from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.plan import hold_if_not_approved
from activation_sync.core.rule.revert import Revert, plan_revert
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.ledger.hindsight import read_effects
from activation_sync.warehouse.ledger.ledger import Act, record_act
from activation_sync.warehouse.runs.runs import RunRecord, find_runs
from tasks.acts.act import apply_act, open_act
from tasks.approval import approval_of
from tasks.steps.apply import record_approval
from tasks.steps.planning import inputs_from
from tasks.wiring import limits, open_warehouse, tenant_settings


def find_run(beginning: str) -> RunRecord:
    """The run a person names by its id, or the beginning of it; ChoiceError when that is none, or several."""
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        found = find_runs(connection, beginning.strip().lower())
    if len(found) == 1:
        return _undoable(found[0])
    which = "several runs begin" if found else "no run begins"
    raise ChoiceError(f"{which} with {beginning!r}; `activation-sync history` lists each with its id")


def _undoable(run: RunRecord) -> RunRecord:
    if run.kind is RunKind.WITHDRAW:
        raise ChoiceError(
            "to take a withdrawn report back, import it again (activation-sync import FILE) and backfill its date"
        )
    if run.kind is RunKind.RESTORE:
        raise ChoiceError("a restore cannot be undone: it only makes good what a backup did not hold")
    return run


def preview_revert(undone: RunRecord) -> Revert:
    """What undoing a run would change. Reads, and writes nothing."""
    with reading(open_warehouse()) as connection:
        return _revert_from(connection, undone)


def revert(undone: RunRecord, approve: str | None = None) -> tuple[Revert, RunSummary]:
    """Bring back the values before a run, where nothing has moved since; HeldError when the guards object.

    What was seen of the usage data stays remembered, so the next sync does not pull the same values again.
    """
    approval = approval_of([undone.tenant], approve)
    with open_act(undone.tenant, RunKind.REVERT) as (run, connection):
        found = _revert_from(connection, undone)
        hold_if_not_approved(found.plan, approval.digest)
        approved_by = record_approval(connection, run, found.plan, approval)
        brought_back = rows_words(len(found.plan.changes))
        note = f"undid run {undone.run_id}: {brought_back} brought back, {len(found.left)} left"
        record_act(connection, run.tenant, Act("revert", note), run.stamp())
        return found, apply_act(run, connection, found.plan, approved_by)


def _revert_from(connection: Connection, undone: RunRecord) -> Revert:
    effects = read_effects(connection, undone.tenant, undone.run_id)
    return plan_revert(inputs_from(connection, undone.tenant), effects, limits(tenant_settings(undone.tenant)))
