"""What the exit code says, so that a script can react without reading text."""

from collections.abc import Iterable
from enum import IntEnum

from activation_sync.core.runs.outcome import Outcome
from activation_sync.errors import ActivationSyncError, ChoiceError, ConfigError, HeldError, WriteBackNotOffered


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    UNSETTLED = 4
    NOT_OFFERED = 5


OF_OUTCOME = {
    Outcome.DONE: Exit.DONE,
    Outcome.NOTHING_NEW: Exit.DONE,
    Outcome.PREVIEWED: Exit.DONE,
    Outcome.HELD: Exit.HELD,
    Outcome.UNSETTLED: Exit.UNSETTLED,
    Outcome.NOT_OFFERED: Exit.NOT_OFFERED,
    Outcome.FAILED: Exit.FAILED,
    Outcome.PUT_OFF: Exit.FAILED,
    Outcome.QUARANTINED: Exit.FAILED,
    Outcome.ALREADY_DONE: Exit.DONE,
}
MOST_PRESSING_FIRST = (Exit.FAILED, Exit.USAGE, Exit.HELD, Exit.NOT_OFFERED, Exit.UNSETTLED, Exit.DONE)


def exit_of_error(error: ActivationSyncError) -> Exit:
    """The exit code for an error that ended a command."""
    match error:
        case ConfigError() | ChoiceError():
            return Exit.USAGE
        case HeldError():
            return Exit.HELD
        case WriteBackNotOffered():
            return Exit.NOT_OFFERED
        case _:
            return Exit.FAILED


def most_pressing(exits: Iterable[Exit]) -> Exit:
    """One exit code for several tenants."""
    return min(exits, key=MOST_PRESSING_FIRST.index, default=Exit.DONE)
