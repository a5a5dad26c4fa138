"""Random walks of whole runs over everything that may happen at once, on the real code; a walk replays by its seed.

Nights, corrections, new and restated reports, lost, false and refusing answers, deaths at any moment, and runs that
pause for longer than their lease while another takes the tenant over. Then quiet nights, and the reckoning.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

import httpx

from activation_sync.core.model import ConflictPolicy
from activation_sync.emulator import Fault, Scenario
from activation_sync.emulator.scenario import PRODUCTS as MANY
from tests.proof.actors import Actor, Actors
from tests.proof.crashes import let_lease_run_out
from tests.proof.direct import run_directly
from tests.proof.evidence import Breach, Sent, bodies_of, body_of, broken_chain
from tests.proof.ground import EMPTY, UNJUDGED, Ground
from tests.proof.people import People
from tests.support.sites.site import MEASURES, PATCH, Site

PRODUCTS = MANY[:2]  # few, so that much happens to each row
BUSY_STEPS, QUIET_NIGHTS, SILENT_NIGHTS = 12, 6, 2
DETAIL = "GET getOffice365ActivationsUserDetail"
PATCH_SPOILED = (
    *("answer-lost", "answer-lost", "answer-lost", "reset-before-answer", "ignored", "echoed", "cut-length"),
    *("touched", "overtaken"),
    *(500, 404, 409, 412),
)
DETAIL_SPOILED = ("restated", "restated", "date-backwards", "answer-lost", "first-100-rows")
NIGHTS, OVERLAPS, DEATHS, LATE = "runs", "interleaved", "died", "woke with a PATCH in hand"
SCRIPTED, SEEN = "bad answers scripted", "seen"
SPOILED = ((PATCH, PATCH_SPOILED), (PATCH, PATCH_SPOILED), (DETAIL, DETAIL_SPOILED))
DEATHS_AT = (("", 200), ("answer P", 2))  # anywhere, or with Graph's answer in hand; among how many such moments
PAUSES = (("", 60), ("request P", 4))  # anywhere, or with a PATCH in hand; and among how many such moments
IN_DOUBT = "SELECT refreshed_on, product FROM sync_base WHERE in_doubt"
OUTBOX = f"SELECT refreshed_on, product_type, {', '.join(MEASURES)} FROM outbox"  # noqa: S608
# days of which we know what Graph holds; of others the rows wait, and every run says how many (DECISIONS 003, 005)
KNOWN_DAYS = "SELECT DISTINCT refreshed_on FROM raw_report WHERE report = 'user-counts' AND reconciled_at IS NOT NULL"
EVERYTHING = (
    *("activation_user_count", "outbox", "raw_report", "reported_count", "detail_snapshot", "sync_run"),
    "ledger WHERE kind <> 'sent'",
)


@dataclass(slots=True)
class Walk:
    """One walk. story: what happened, to read when it went wrong."""

    site: Site
    random: Random
    people: People
    tries: int
    story: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)

    def take(self) -> None:
        """All steps, the busy ones and the quiet ones, and the reckoning."""
        with Actors.watched(self._inspect):
            for _ in range(BUSY_STEPS):
                self.random.choices(*zip(*STEPS, strict=True))[0](self)
            self._grow_quiet()
        self.totals[SEEN] += sum(bool(served.fault) for served in self.site.emulator.journal())
        self.breaches += self._reckon()

    def edit(self) -> None:
        self.story.append(self.people.edit())

    def take_back(self) -> None:
        self.story.append(self.people.take_back())

    def advance(self) -> None:
        self.site.emulator.advance(days=1)
        self.story.append(f"refresh date {self.site.emulator.refreshed_on}")

    def refresh(self) -> None:
        self.site.emulator.advance(refreshes=1)
        self.story.append("the reports are published again")

    def spoil(self) -> None:
        """The next answers are bad in some way."""
        operation, kinds = self.random.choice(SPOILED)
        kind = self.random.choice(kinds)
        spoiled = Fault(kind) if isinstance(kind, int) else Fault(kind=kind)
        times = self.random.randint(1, 3)
        self.site.emulator.will_answer(operation, spoiled, times=times)
        self.totals[SCRIPTED] += times
        self.story.append(f"{operation} will be {kind}, {times} times")

    def night(self) -> None:
        run = self._begin()
        run.play()
        self._note("night", run)

    def death(self) -> None:
        """A run dies, and its lease runs out."""
        run = self._begin()
        at, most = self.random.choice(DEATHS_AT)
        run.die(self.random.randrange(most), at)
        self.totals[DEATHS] += run.summary is None
        let_lease_run_out(self.site)
        self._note("night that may die", run)

    def overlap(self) -> None:
        """A run pauses longer than its lease lasts; others do what they like; then it wakes up."""
        paused = self._begin()
        at, most = self.random.choice(PAUSES)
        paused.play(pauses_after=self.random.randrange(most), at=at)
        if paused.has_ended:
            return self._note("night", paused)
        self.totals[OVERLAPS] += 1
        let_lease_run_out(self.site)
        paused.is_overtaken = True
        for step in self.random.choices((Walk.edit, Walk.advance, Walk.death), k=self.random.randint(0, 2)):
            step(self)
        self.night()
        self._wake(paused)
        return None

    def _wake(self, paused: Actor) -> None:
        """It may not change a thing any more, except to raise doubt."""
        before, doubts = self._all(), self._doubts()
        paused.play()
        self._note("paused", paused)
        if before != self._all():
            self.breaches.append(Breach("stale", "a run that was overtaken wrote to the warehouse"))
        if not doubts <= self._doubts():
            self.breaches.append(Breach("lost", "a run that was overtaken ended a doubt"))

    def _begin(self) -> Actor:
        site = self.site
        self.totals[NIGHTS] += 1
        work = partial(run_directly, site.tenant.name, site.emulator.today, tries=self.tries)
        return Actor(f"run {len(self.story)}", work)

    def _note(self, what: str, run: Actor) -> None:
        ended = f"{run.summary.outcome} {run.summary.error}" if run.summary else "died"
        self.story.append(f"{what}: {ended}")

    def _inspect(self, request: httpx.Request) -> None:
        """Look at each PATCH just before it leaves: it must say what is pending now."""
        if request.method not in ("PATCH", "POST"):
            return
        sent = set(bodies_of(request))
        if Actors.on_stage and Actors.on_stage.is_overtaken:
            self.totals[LATE] += 1
        elif stale := sent - self._pending():
            self.breaches.append(Breach("stale", f"sent {stale}, which is not pending"))

    def _grow_quiet(self) -> None:
        """Nobody touches anything, and Graph answers as it should."""
        self.site.emulator.forget_faults()
        for left in reversed(range(QUIET_NIGHTS)):
            self.refresh()
            before = len(self.site.patches())
            self.night()
            if left < SILENT_NIGHTS and len(self.site.patches()) > before:
                self.breaches.append(Breach("invented", "PATCHes leave though nothing has changed"))

    def _reckon(self) -> Iterator[Breach]:
        yield from self.people.breaches()
        for sent in set(map(body_of, self.site.patches())) - set(self.site.query(OUTBOX)):
            yield Breach("invented", f"PATCH {sent}: no plan decided that")
        for row in self.site.query(IN_DOUBT):
            yield Breach("left over", f"{row} is in doubt for ever")
        yield from broken_chain(self.site)
        yield from self._apart()

    def _apart(self) -> Iterator[Breach]:
        """Where Graph and warehouse differ though nobody said so."""
        excused = self._excused()
        known = {day for (day,) in self.site.query(KNOWN_DAYS)}
        published = {row[:2]: row[2:] for row in self.site.graph_rows() if row[0] in known}
        for day, product, *counts in self.site.warehouse_rows():
            key = (day, product)
            if key in published and key not in excused and published[key] != tuple(counts):
                yield Breach("lost", f"Graph holds {published[key]} of {key}, the warehouse {counts}")

    def _excused(self) -> set[tuple[str, str]]:
        """Rows that a person has been told of: held conflicts of the last run, and dead letters."""
        newest = "SELECT run_id FROM sync_run ORDER BY started_at DESC LIMIT 1"
        conflicts = f"SELECT refreshed_on, product FROM ledger WHERE rule = 'conflict' AND run_id = ({newest})"  # noqa: S608
        dead = "SELECT refreshed_on, product FROM outbox WHERE state = 'dead'"
        return {(day, product) for query in (conflicts, dead) for day, product in self.site.query(query)}

    def _pending(self) -> set[Sent]:
        return set(self.site.query(f"{OUTBOX} WHERE state = 'pending'"))

    def _doubts(self) -> set[Sent]:
        return set(self.site.query(IN_DOUBT))

    def _all(self) -> list[list[str]]:
        """Every row a run may write, but for the doubts."""
        return [sorted(map(str, self.site.query(f"SELECT * FROM {table}"))) for table in EVERYTHING]  # noqa: S608


STEPS = (
    (Walk.edit, 4),
    (Walk.take_back, 4),
    (Walk.advance, 2),
    (Walk.refresh, 1),
    (Walk.spoil, 4),
    (Walk.night, 3),
    (Walk.death, 4),
    (Walk.overlap, 5),
)


@contextmanager
def open_walk(ground: Ground, seed: int) -> Iterator[Walk]:
    """A walk about to begin, in an empty warehouse; everything in it follows from the seed."""
    random = Random(seed)  # noqa: S311  a walk must be repeatable, not secret
    ground.bring_back(EMPTY)
    scenario = Scenario(users=40, seed=seed, products=PRODUCTS, report_follows=random.choice((0, 2, None)))
    sections = {
        "sync": UNJUDGED | {"conflict_policy": random.choice([*ConflictPolicy]).value},
        "write_back": {"batch_size": random.choice((1, 20)), "in_flight": 1},
    }
    with ground.staged(scenario, **sections) as site:
        yield Walk(site, random, People(site, random, PRODUCTS), tries=random.choice((1, 3)))


def walk(ground: Ground, seed: int) -> Walk:
    """Take one walk to its end."""
    with open_walk(ground, seed) as taken:
        taken.take()
    return taken
