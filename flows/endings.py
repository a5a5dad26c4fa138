"""The state in which a run of several tenants ends, named after what needs someone most."""

from collections.abc import Sequence
from typing import Any, TypeVar

from prefect import State
from prefect.states import Completed, Failed

from activation_sync.errors import TenantsAmissError

T = TypeVar("T")


def ended(name: str, message: str, fared: Sequence[T], *, is_amiss: bool) -> State[Any]:
    """`fared`: what became of each tenant; `fared_in` gives it back. Amiss, it is a run that failed."""
    if is_amiss:
        return Failed(name=name, message=message, data=TenantsAmissError(message, fared))
    return Completed(name=name, message=message, data=list(fared))


def fared_in(state: State[Any]) -> list[Any]:
    """What became of each tenant; whatever kept the run from its end is raised."""
    found = state.result(raise_on_failure=False)
    if isinstance(found, TenantsAmissError):
        return list(found.fared)
    if isinstance(found, Exception):
        raise found
    return list(found)
