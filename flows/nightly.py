"""The job of every night, for all tenants: one after another, and none in the way of the next."""

from datetime import date

from prefect import State, flow
from prefect.states import Completed, Failed

from activation_sync.core.nights import night_words
from activation_sync.core.run import Outcome, RunSummary, most_pressing
from flows.sync import STATE_NAMES, sync_tenant
from tasks.nights import SCHEDULED_IN, failed_run, night_due, night_run_name, publish_night, run_unless_done
from tasks.wiring import chosen_tenants


@flow(name="nightly", flow_run_name=night_run_name)
def nightly(
    tenants: list[str] | None = None, time_zone: str = SCHEDULED_IN, unless_done: bool = False
) -> State[list[RunSummary]]:
    """Bring warehouse and Graph to the same counts for every tenant, whatever becomes of one of them.

    Args:
        tenants: Tenants by their names: choose "list" and add each. All of them when left out.
        time_zone: The schedule's, which says what day a run stands for.
        unless_done: Leave out tenants whose night another run has done. Scheduled runs do; a run by hand need not.
    """
    night = night_due(time_zone)
    summaries = [_run(tenant, night, unless_done) for tenant in chosen_tenants(tenants)]
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
