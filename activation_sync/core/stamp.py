"""The stamp on what a run writes."""

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
