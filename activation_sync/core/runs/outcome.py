"""How a run may end, in one table. Pure."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from activation_sync.core.runs import words as say
from activation_sync.core.runs.condition import Condition, Trouble

if TYPE_CHECKING:
    from activation_sync.core.runs.summary import RunSummary

Words: TypeAlias = "Callable[[RunSummary], str]"
ALL = frozenset(Trouble)
NONE: frozenset[Trouble] = frozenset()
FAILS = frozenset({Trouble.FAILED})
LEFT_OUT = frozenset({Trouble.QUARANTINED})
HOLDS = FAILS | LEFT_OUT | {Trouble.HELD}


class RunKind(StrEnum):
    """What a run is for: the job itself, or something a person did; each is one entry of the history."""

    SYNC = "sync"
    RESOLVE = "resolve"
    RETRY = "retry"
    REVERT = "revert"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    BACKFILL = "backfill"
    RESTORE = "restore"


class Outcome(StrEnum):
    """How a run ended: all that is known of each outcome stands in its row. The most pressing outcome comes first.

    rank: its place in the table, from 0.
    state_name: the state of the flow run in the dashboard.
    condition: how a tenant fares whose newest run ended so.
    needs_someone: a night names the tenant.
    went_through: the run did all its steps, so its night is done and what Graph acknowledged was read back.
    sees: the troubles of which the run can tell that they are there, or over. A failed run cannot tell that a conflict
    is gone.
    words: how it ended and what to do next, in a sentence or two.
    """

    rank: int
    state_name: str
    condition: Condition
    needs_someone: bool
    went_through: bool
    sees: frozenset[Trouble]
    words: Words

    def __new__(cls, value: str, *row: Any) -> "Outcome":
        outcome = str.__new__(cls, value)
        outcome._value_, outcome.rank = value, len(cls.__members__)
        outcome.state_name, outcome.condition, outcome.needs_someone, *more = row
        outcome.went_through, outcome.sees, outcome.words = more
        return outcome

    # fmt: off
    #              value           state                  condition         needs, through, sees, words
    FAILED       = "failed",       "Failed",              Condition.FAILED,      True,  False, FAILS, say.failed
    HELD         = "held",         "Held",                Condition.HELD,        True,  False, HOLDS, say.held
    # left out tonight, after failing for several nights
    QUARANTINED  = "quarantined",  "Quarantined",         Condition.QUARANTINED, True,  False, LEFT_OUT, say.quarantined
    NOT_OFFERED  = "not-offered",  "WriteBackNotOffered", Condition.NOT_OFFERED, True,  True,  ALL,   say.not_offered
    UNSETTLED    = "unsettled",    "Unsettled",           Condition.UNSETTLED,   True,  True,  ALL,   say.unsettled
    # Graph asked for a long wait, and other tenants were not to wait with it
    PUT_OFF      = "put-off",      "PutOff",              Condition.PUT_OFF,     False, False, NONE,  say.put_off
    DONE         = "done",         "Completed",           Condition.FINE,        False, True,  ALL,   say.done
    NOTHING_NEW  = "nothing-new",  "NoNewReport",         Condition.FINE,        False, True,  ALL,   say.nothing_new
    PREVIEWED    = "previewed",    "Previewed",           Condition.FINE,        False, False, NONE,  say.previewed
    # by another run; this one did nothing
    ALREADY_DONE = "already-done", "AlreadyDone",         Condition.FINE,        False, False, NONE,  say.was_done
    # fmt: on

    @property
    def exit_code(self) -> int:
        """Of the command: that of `status` for the tenant; `commands/support/exits.py` names the codes."""
        return self.condition.exit_code

    @property
    def fails_flow(self) -> bool:
        """True when an error ended the run before its last step, so that its flow run has failed."""
        return self.condition.fails_flow

    @property
    def ends_failures(self) -> bool:
        """True when the run shows that the tenant works: nights that failed before it no longer count."""
        return Trouble.FAILED in self.sees and self is not Outcome.FAILED


WENT_THROUGH = tuple(outcome.value for outcome in Outcome if outcome.went_through)


def most_pressing(outcomes: Iterable[Outcome]) -> Outcome:
    """The most urgent outcome of several tenants; DONE when there are none."""
    return min(outcomes, key=lambda outcome: outcome.rank, default=Outcome.DONE)
