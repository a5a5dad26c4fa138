"""Runs that take turns within one process: each goes on when it is told to, and may pause or die at a moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from activation_sync.core.runs.summary import RunSummary
from tests.proof.moments import Inspect, look_away, watching

LONGEST_TURN_S = 180
IN_TRANSACTION = ("before INSERT", "before UPDATE", "before DELETE", "before commit", "row of")

Work = Callable[[Callable[[str], None]], RunSummary]


class Died(BaseException):
    """The run ends here, as if its process had been killed: nothing of ours catches this."""


class Actor:
    """One run in a thread of its own. It pauses only outside of transactions, as it would hold up all others.

    is_overtaken: while it paused, another run took the tenant over.
    """

    def __init__(self, name: str, work: Work) -> None:
        self.summary: RunSummary | None = None
        self.error: BaseException | None = None
        self.is_overtaken = self.has_ended = False
        self._left: int | None = None
        self._at = ""
        self._is_dying = self._is_dead = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._play, args=(work,), name=name, daemon=True)
        self._thread.start()

    def play(self, pauses_after: int | None = None, at: str = "") -> None:
        """Go on until the end; or pause after so many more moments, of those outside of transactions that begin so."""
        self._take_turn(pauses_after, at, dies=False)

    def die(self, after: int = 0, at: str = "") -> None:
        """Go on, and die at the moment after so many more of those that begin so, wherever that is."""
        self._take_turn(after, at, dies=True)

    def notice(self, label: str) -> None:
        """A moment of this run, in whichever of its threads."""
        if self._is_dead:
            self._end(label)
        if self._left is not None and label.startswith(self._at) and (self._is_dying or _is_outside(label)):
            self._left -= 1
            if self._left < 0:
                self._stop(label)

    def _stop(self, label: str) -> None:
        if self._is_dying:
            self._is_dead = True
            self._end(label)
        else:
            self._stopped.release()
            self._wait(self._go)

    def _end(self, label: str) -> None:
        if label != "after commit":  # said while a connection is given back, where nothing may be raised
            raise Died(label)

    def _take_turn(self, left: int | None, at: str, *, dies: bool) -> None:
        if self.has_ended:
            return
        self._left, self._at, self._is_dying = left, at, dies
        Actors.on_stage = self
        self._go.release()
        self._wait(self._stopped)
        Actors.on_stage = None
        if self.error is not None:
            raise self.error

    def _play(self, work: Work) -> None:
        self._wait(self._go)
        try:
            self.summary = work(self.notice)
        except Died:
            pass
        except BaseException as error:  # the test's to hear, in its own thread
            self.error = error
        self.has_ended = True
        self._stopped.release()

    def _wait(self, turn: threading.Semaphore) -> None:
        assert turn.acquire(timeout=LONGEST_TURN_S), f"{self._thread.name} waits for ever"


def _is_outside(label: str) -> bool:
    """True for moments outside of transactions."""
    return not label.startswith(IN_TRANSACTION)


class Actors:
    """Whose turn it is: there is never more than one."""

    on_stage: Actor | None = None

    @classmethod
    @contextmanager
    def watched(cls, inspect: Inspect = look_away) -> Iterator[None]:
        """Tell whoever is on site of their moments."""
        with watching(lambda label: cls.on_stage.notice(label) if cls.on_stage else None, inspect):
            yield
