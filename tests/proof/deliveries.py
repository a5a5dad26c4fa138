"""Many rows are pending, the worker is killed in the middle, and another takes over: who was asked twice?"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Scenario
from tests.proof.crashes import let_lease_run_out
from tests.proof.direct import run_directly
from tests.proof.evidence import Breach, body_of
from tests.proof.ground import EMPTY, UNJUDGED, Ground
from tests.proof.worker import Night, starting
from tests.support.sites.site import Site

IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many rows Graph had when the worker was killed, how many it was sent again, and how many that may be."""

    killed_after: int
    repeated: int
    allowed: int
    breaches: tuple[Breach, ...]


def deliver_twice(ground: Ground, batch_size: int, killed_after: int, rows: int) -> Delivery:
    """Kill the worker once so many PATCHes have arrived, and run again."""
    sections = {"sync": UNJUDGED, "write_back": {"enabled": False}}
    ground.bring_back(EMPTY)
    with ground.staged(_many(rows), **sections) as site:
        _run(site, Outcome.DONE)
        site.execute("UPDATE activation_user_count SET assigned = assigned + 1000")
        site.configure(write_back={"enabled": True, "batch_size": batch_size, "in_flight": IN_FLIGHT})
        arrived = _kill_after(site, killed_after)
        let_lease_run_out(site)
        _run(site, Outcome.DONE)
        sent, allowed = Counter(map(body_of, site.patches())), IN_FLIGHT * batch_size
        repeated = sent.total() - len(sent)
        return Delivery(arrived, repeated, allowed, tuple(_breaches(site, rows, allowed)))


def _many(rows: int) -> Scenario:
    """So many users that each product is held by somebody: one that is not is missing from the user detail."""
    return Scenario(users=40, seed=5, products=tuple(f"Product {number:04}" for number in range(rows)))


def _run(site: Site, outcome: Outcome) -> None:
    summary = run_directly(site.tenant.name, site.emulator.today, lambda _: None)
    assert summary.outcome is outcome, summary


def _kill_after(site: Site, sent: int) -> int:
    """Start a worker and kill it from outside, wherever it is by then; how many PATCHes had arrived."""
    config = site.folder / "activation-sync.toml"
    with starting(Night(config, site.tenant.name, site.emulator.today)) as (worker, told):
        while len(site.patches()) < sent:
            if told.poll(0.002):  # one word at a time: a busy worker is never silent
                assert isinstance(told.recv(), str), "the worker was done before it could be killed"
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    return len(site.patches())


def _breaches(site: Site, rows: int, allowed: int) -> Iterator[Breach]:
    sent = Counter(map(body_of, site.patches()))
    repeated = sent.total() - len(sent)
    if repeated > allowed:
        yield Breach("invented", f"{repeated} PATCHes were repeated; at most {allowed} were in flight")
    if len(sent) != rows:
        yield Breach("stale", f"{len(sent)} different PATCHes for {rows} rows")
    apart = site.warehouse_rows() ^ site.graph_rows()
    if apart:
        yield Breach("lost", f"{len(apart) // 2} of {rows} rows differ between Graph and warehouse")
    for state, count in site.query("SELECT state, count(*) FROM outbox WHERE state IN ('pending', 'dead') GROUP BY 1"):
        yield Breach("left over", f"{count} rows of the outbox are {state}")
    if doubts := site.query("SELECT product FROM sync_base WHERE in_doubt"):
        yield Breach("left over", f"{len(doubts)} rows are in doubt for ever")
