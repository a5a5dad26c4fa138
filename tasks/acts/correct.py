"""A person changes a number, with a reason."""

from dataclasses import dataclass
from datetime import date

from activation_sync.core.model import Change
from activation_sync.core.rule.correct import Values, choose_row, correct_row, refuse_bad_correction
from activation_sync.core.rule.plan import seal
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.ledger.ledger import Act, record_act
from tasks.acts.act import apply_act, open_act
from tasks.steps.planning import inputs_from
from tasks.wiring import limits, open_warehouse, tenant_settings


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person wants a row to say. on: its refresh date; the newest reconciled one when left out."""

    product: str
    values: Values
    reason: str
    on: date | None = None


def correct(tenant: str, wanted: Correction) -> tuple[Change, RunSummary]:
    """Make these values the row's; return what was changed. The next sync sends it.

    They stand until a person or the policy decides otherwise. ChoiceError when the row or the values cannot be meant.
    """
    refuse_bad_correction(wanted.values, wanted.reason)
    day = _choose_day(tenant, wanted)
    with open_act(tenant, RunKind.CORRECT, wanted.reason.strip()) as (run, connection):
        inputs = inputs_from(connection, tenant)
        policy = limits(tenant_settings(tenant)).conflict_policy
        change = correct_row(choose_row(inputs, wanted.product, day), wanted.values, policy)
        record_act(connection, tenant, Act("correct", wanted.reason.strip(), change.key), run.stamp())
        return change, apply_act(run, connection, seal(inputs, [change]))


def _choose_day(tenant: str, wanted: Correction) -> date:
    """Looked up before anything is written, so that a misspelt product leaves no failed run behind."""
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        return choose_row(inputs_from(connection, tenant), wanted.product, wanted.on).key.refreshed_on
