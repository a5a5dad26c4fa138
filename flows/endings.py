"""The state in which a run of several tenants ends, named after what needs someone most."""

from collections.abc import Sequence
from typing import Any, TypeVar

from prefect import State
from prefect.states import Completed, Failed

from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome
from activation_sync.errors import TenantsAmissError

T = TypeVar("T")


def ended(name: str, message: str, fared: Sequence[T], *, is_amiss: bool) -> State[Any]:
    """`fared`: what became of each tenant; `fared_in` gives it back. Amiss, it is a run that failed."""
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
    found = state.result(raise_on_failure=False)
    if isinstance(found, TenantsAmissError):
        return list(found.fared)
    if isinstance(found, Exception):
        raise found
    return list(found)
