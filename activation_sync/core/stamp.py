"""The stamp on what a run writes, and what proves that it is still there."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every row that we write says of its origin.

    run_id: the run that wrote it. who: the person or account it ran as. at: when, UTC.
    """

    run_id: str
    who: str
    at: datetime

    def by(self, who: str) -> "Stamp":
        """The same, written by somebody else."""
        return replace(self, who=who)


def claimed(name: str) -> str:
    """Who somebody says to be, in a form that asks for no proof; marked as such wherever it is shown."""
    return f"claimed by {name.strip()}"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of a tenant's ledger. row: its id. hash: what seals it and every row before it."""

    row: int
    hash: str
