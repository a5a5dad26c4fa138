"""A person decides a conflict."""

from datetime import date

from activation_sync.core.model import Change, ConflictPolicy, Measure
from activation_sync.core.rule.conflicts import (
    choose_conflict,
    choose_measures,
    conflict_digest,
    refuse_moved_conflict,
    resolve_conflict,
)
from activation_sync.core.rule.plan import make_plan, seal
from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.ledger.ledger import Act, record_act
from tasks.acts.act import apply_act, open_act
from tasks.steps.planning import inputs_from, plan_from
from tasks.wiring import limits, open_warehouse, tenant_settings


def resolve(
    tenant: str,
    product: str,
    side: ConflictPolicy,
    on: date | None = None,
    measure: Measure | None = None,
    shown: str | None = None,
) -> tuple[Change, RunSummary]:
    """Settle a conflict on one side's values; return what was settled. The next sync sends it.

    shown: digest of the conflict as the person saw it; as it is now, when not given. PlanMovedError when it moved.
    """
    seen = _choose(tenant, product, on)
    choose_measures(seen, measure)
    digest = shown or conflict_digest(seen)
    refuse_moved_conflict(seen, digest)
    with open_act(tenant, RunKind.RESOLVE) as (run, connection):
        inputs = inputs_from(connection, tenant)
        conflict = choose_conflict(
            make_plan(inputs, limits(tenant_settings(tenant))), seen.key.product, seen.key.refreshed_on
        )
        refuse_moved_conflict(conflict, digest)
        measures = choose_measures(conflict, measure)
        change = resolve_conflict(conflict, side, measures)
        note = f"took {side} for {', '.join(MEASURE_WORDS[name] for name in measures)}, shown as {digest}"
        record_act(connection, tenant, Act("resolve", note, change.key), run.stamp())
        return change, apply_act(run, connection, seal(inputs, [change]))


def _choose(tenant: str, product: str, on: date | None) -> Change:
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        return choose_conflict(plan_from(connection, tenant), product, on)
