"""The job of every night, for all tenants: one after another, and none in the way of the next."""

from datetime import date
from typing import Annotated

from prefect import State, flow
from prefect.states import Completed, Failed
from pydantic import Field

from activation_sync.core.nights import most_pressing, night_words
from activation_sync.core.run import Outcome, RunSummary
from flows.sync import STATE_NAMES, sync_tenant
from tasks.nights import SCHEDULED_IN, failed_run, night_due, night_run_name, publish_night, run_unless_done
from tasks.wiring import tenant_names


@flow(name="nightly", flow_run_name=night_run_name)
def nightly(
    tenants: Annotated[list[str] | None, Field(description="Tenants by name; all of them when left out.")] = None,
    time_zone: Annotated[str, Field(description="The schedule's, which says what day a run is for.")] = SCHEDULED_IN,
    unless_done: Annotated[
        bool, Field(description="Leave out tenants whose night is done. Scheduled runs do; a run by hand need not.")
    ] = False,
) -> State[list[RunSummary]]:
    """Bring warehouse and Graph to the same counts for every tenant, whatever becomes of one of them."""
    night = night_due(time_zone)
    summaries = [_run(tenant, night, unless_done) for tenant in tenant_names(tenants)]
    publish_night(summaries)
    return _ended(summaries)


def _run(tenant: str, night: date, unless_done: bool) -> RunSummary:
    try:
        return run_unless_done(tenant, night, sync_tenant, is_asked=unless_done)
    except Exception as error:
        return failed_run(tenant, night, error)


def _ended(summaries: list[RunSummary]) -> State[list[RunSummary]]:
    outcome = most_pressing(summary.outcome for summary in summaries)
    ending = Failed if outcome in (Outcome.FAILED, Outcome.HELD) else Completed
    return ending(name=STATE_NAMES[outcome], message=night_words(summaries), data=summaries)
