"""What the exit code says, so that a script can react without reading text."""

from collections.abc import Iterable
from enum import IntEnum

from activation_sync.core.runs.outcome import Outcome
from activation_sync.errors import ActivationSyncError, ChoiceError, ConfigError, HeldError


class Exit(IntEnum):
    """Exit codes of every command; the table of outcomes says which outcome has which."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    UNSETTLED = 4
    NOT_OFFERED = 5


MOST_PRESSING_FIRST = (Exit.FAILED, Exit.USAGE, Exit.HELD, Exit.NOT_OFFERED, Exit.UNSETTLED, Exit.DONE)


def exit_of(outcomes: Iterable[Outcome]) -> Exit:
    """The exit code of a command that had these outcomes."""
    return most_pressing(Exit(outcome.exit_code) for outcome in outcomes)


def exit_of_error(error: ActivationSyncError) -> Exit:
    """The exit code for an error that ended a command."""
    match error:
        case ConfigError() | ChoiceError():
            return Exit.USAGE
        case HeldError():
            return Exit.HELD
        case _:
            return Exit.FAILED


def most_pressing(exits: Iterable[Exit]) -> Exit:
    """One exit code for several tenants."""
    return min(exits, key=MOST_PRESSING_FIRST.index, default=Exit.DONE)
