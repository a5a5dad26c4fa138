"""The job of every night for thousands of tenants: in shards, on any number of workers."""

from collections.abc import Sequence

from prefect import State, flow

from activation_sync.core.runs.standing import Standing, fleet_words, is_known, worst_of
from flows.endings import ended_night
from tasks.nights.fleet import publish_fleet, run_shards, tenants_to_run
from tasks.nights.nights import SCHEDULED_IN, began_on, night_due, night_run_name
from tasks.wiring import chosen_tenants


@flow(name="fleet", flow_run_name=night_run_name)
def fleet(
    tenants: list[str] | None = None, time_zone: str = SCHEDULED_IN, unless_done: bool = False
) -> State[list[Standing]]:
    """Bring warehouse and Graph to the same counts for every tenant, shared between all workers of the pool.

    Killed, it is simply started again, with `unless_done`: what is done stays done.

    Args:
        tenants: Tenants by their names; all of them when left out, but for those in quarantine.
        time_zone: The schedule's, which says what day a run stands for.
        unless_done: Leave out tenants whose night another run has done. Scheduled runs do; a run by hand need not.
    """
    night, chosen = night_due(time_zone), chosen_tenants(tenants)
    is_by_name = bool(tenants) and not unless_done
    turns = tenants_to_run(chosen, night, unless_done=unless_done, is_by_name=is_by_name)
    run_shards(turns, night, unless_done=unless_done)
    return _ended(publish_fleet(chosen, night))


def _ended(standings: Sequence[Standing]) -> State[list[Standing]]:
    day = began_on()
    older = [one for one in standings if is_known(one, day)]
    fresh = worst_of([one for one in standings if not is_known(one, day)])
    return ended_night(fresh, worst_of(older) if older else None, fleet_words(standings, day), standings)
