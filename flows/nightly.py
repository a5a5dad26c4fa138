"""The job of every night, for all tenants: one after another, and none in the way of the next."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from prefect import State, flow

from activation_sync.core.runs.nights import night_words
from activation_sync.core.runs.outcome import most_pressing
from activation_sync.core.runs.summary import RunSummary
from flows.endings import ended_night
from flows.sync import sync_tenant
from tasks.log import log_ended
from tasks.nights.nights import (
    SCHEDULED_IN,
    began_on,
    failed_run,
    left_out,
    night_due,
    night_run_name,
    publish_night,
    run_unless_done,
    take_turns,
)
from tasks.nights.standing import known_troubles
from tasks.policy import putting_off
from tasks.wiring import chosen_tenants


@flow(name="nightly", flow_run_name=night_run_name)
def nightly(
    tenants: list[str] | None = None, time_zone: str = SCHEDULED_IN, unless_done: bool = False
) -> State[list[RunSummary]]:
    """Bring warehouse and Graph to the same counts for every tenant, whatever becomes of one of them.

    Args:
        tenants: Tenants by their names: choose "list" and add each. Left out: all of them but those in quarantine.
        time_zone: The schedule's, which says what day a run stands for.
        unless_done: Leave out tenants whose night another run has done. Scheduled runs do; a run by hand need not.
    """
    night, chosen = night_due(time_zone), chosen_tenants(tenants)
    absent = left_out(chosen, night) if unless_done or not tenants else {}
    turns = [tenant for tenant in chosen if tenant not in absent]
    with putting_off():
        summaries = [*take_turns(turns, partial(run_tenant, night=night, unless_done=unless_done)), *absent.values()]
    publish_night(summaries)
    return ended_with(summaries)


def run_tenant(tenant: str, night: date, unless_done: bool) -> RunSummary:
    """One tenant's part of a night, inside any flow; what becomes of it stops no other."""
    try:
        summary = run_unless_done(tenant, night, sync_tenant, is_asked=unless_done)
    except Exception as error:
        summary = failed_run(tenant, night, error)
    log_ended(summary)
    return summary


def ended_with(summaries: Sequence[RunSummary]) -> State[list[RunSummary]]:
    """The state that is named after what needs someone most, of what is new tonight."""
    known = known_troubles(summaries, began_on())
    fresh = most_pressing(summary.outcome for summary in summaries if summary.tenant not in known)
    older = most_pressing(summary.outcome for summary in summaries if summary.tenant in known) if known else None
    return ended_night(fresh, older, night_words(summaries, known), summaries)
