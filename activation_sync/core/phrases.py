"""A few words that many texts share."""

import shlex
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby

NAME = "activation-sync"
SHOWN_DIGEST_CHARS = 12
MAX_REASON_CHARS = 200


def short_digest(digest: str) -> str:
    """A plan's digest as people read and type it."""
    return digest[:SHOWN_DIGEST_CHARS]


def rows_words(count: int, noun: str = "row") -> str:
    """A number and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def wait_words(count: int, noun: str = "row") -> str:
    """That so many of them wait."""
    return f"{rows_words(count, noun)} {'waits' if count == 1 else 'wait'}"


def dates_words(days: Iterable[date]) -> str:
    """Dates, with those that follow each other as one range."""
    ordered = enumerate(sorted(days))
    runs = (list(run) for _, run in groupby(ordered, key=lambda place: place[1] - timedelta(place[0])))
    return ", ".join(str(run[0][1]) if len(run) == 1 else f"{run[0][1]}..{run[-1][1]}" for run in runs)


def listed_words(names: Iterable[str], most: int = 10) -> str:
    """Names one after the other, at most so many, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return f"{', '.join(known[:most])}{more}"


def command_line(*words: str, platform: str = sys.platform) -> str:
    """These words as one line that can be pasted into a shell: of POSIX, or Windows' own."""
    if platform != "win32":
        return shlex.join(words)
    from subprocess import list2cmdline

    return list2cmdline(words)


def our_command(*words: str) -> str:
    """One of our commands, to be pasted."""
    return command_line(NAME, *words)


def reason_problems(reason: str, act: str) -> list[str]:
    """What is wrong with the reason that a person gives. act: what it is for, with its article."""
    if not reason.strip():
        return [f"{act} needs a reason: it stands in the ledger for whoever asks why"]
    if len(reason) > MAX_REASON_CHARS:
        return [f"the reason has {len(reason)} characters; the ledger keeps {MAX_REASON_CHARS}"]
    return []
