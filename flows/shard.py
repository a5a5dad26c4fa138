"""Part of a fleet's night: a few of its tenants, on whichever worker is free."""

from datetime import date
from functools import partial

from prefect import State, flow

from activation_sync.core.runs.summary import RunSummary
from flows.nightly import ended_with, run_tenant
from tasks.nights.nights import run_side_by_side
from tasks.policy import putting_off


@flow(name="shard")
def shard(tenants: list[str], night: date, unless_done: bool = False) -> State[list[RunSummary]]:
    """Bring warehouse and Graph to the same counts for these tenants, some at a time. `fleet` starts it.

    Args:
        tenants: Tenants by their names.
        night: The night it stands for.
        unless_done: Leave out tenants whose night another run has done.
    """
    with putting_off():
        return ended_with(run_side_by_side(tenants, partial(run_tenant, night=night, unless_done=unless_done)))
