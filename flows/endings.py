"""The state in which a run of several tenants ends, named after what needs someone most."""

from collections.abc import Sequence
from typing import Any, TypeVar

from prefect import State
from prefect.states import Completed, Failed

from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ResultLostError, TenantsAmissError
from tasks.log import tell_once
from tasks.run import read_ended

T = TypeVar("T")


def ended(name: str, message: str, fared: Sequence[T], *, is_amiss: bool) -> State[Any]:
    """`fared`: what became of each tenant; `fared_in` gives it back. Amiss, it is a run that failed."""
    tell_once()
    if is_amiss:
        return Failed(name=name, message=message, data=TenantsAmissError(message, fared))
    return Completed(name=name, message=message, data=list(fared))


def ended_night(
    fresh: Outcome | Condition, known: Outcome | Condition | None, message: str, fared: Sequence[T]
) -> State[Any]:
    """The end of a night, which is amiss only by what is new.

    fresh: the worst of what began tonight. known: the worst of what began before; None: nothing did.
    """
    if known is None or fresh.fails_flow:
        return ended(fresh.state_name, message, fared, is_amiss=fresh.fails_flow)
    return ended(f"Still{known.state_name}", message, fared, is_amiss=False)


def fared_in(state: State[Any]) -> list[Any]:
    """What became of each tenant; whatever kept the run from its end is raised."""
    try:
        return list(result_of(state))
    except TenantsAmissError as amiss:
        return list(amiss.fared)


def summary_in(state: State[Any]) -> RunSummary:
    """What a run of one tenant came to. Where Prefect lost it, the warehouse knows; a preview leaves no trace there."""
    try:
        summary: RunSummary = result_of(state)
    except ResultLostError:
        recorded = read_ended(str(state.state_details.flow_run_id))
        if recorded is None:
            raise
        return recorded
    return summary


def result_of(state: State[Any]) -> Any:
    """What a flow run returned; the error that ended it is raised.

    Raises ResultLostError when the answer to its last call was lost: such a state comes back without its data.
    """
    if state.data is None:
        words = f"{state.name}: {state.message}" if state.message else f"{state.name}."
        raise ResultLostError(
            f"Prefect's server lost what this run returned. It ended {words} See what the warehouse knows with: "
            "activation-sync status"
        )
    found = state.result(raise_on_failure=False)
    if isinstance(found, Exception):
        raise found
    return found
