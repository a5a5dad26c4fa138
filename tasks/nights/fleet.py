"""The frame of a fleet: who has a turn tonight, that everyone gets it, and how all of them fare afterwards.

Prefect says which shards wait and which have ended. What became of each tenant, and whether anybody is still at work,
is asked of the warehouse: Prefect counts a run whose worker was killed as running for ever.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar
from uuid import UUID

from httpx import HTTPError
from prefect import get_run_logger, task
from prefect.client.schemas.objects import State
from sqlalchemy import Connection

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.shards import MOST_LOSSES, Dispatch, Progress
from activation_sync.core.runs.standing import Standing, fleet_rows, fleet_words, not_run
from activation_sync.errors import ActivationSyncError, ConfigError, WarehouseBusyError, WorkerLostError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.runs.progress import read_done, read_progress, read_signs
from tasks.alerts import tell_fleet
from tasks.nights.nights import began_on, left_out
from tasks.nights.shards import Shard, give_up, is_at_work, read_states, start_shard
from tasks.nights.standing import read_standings
from tasks.policy import STEP, patiently
from tasks.run import LEASE_TTL_S, flow_run_id, open_run, run_id_of
from tasks.showing import show_list
from tasks.wiring import now, open_warehouse

LOOK_EVERY_S = 5.0
# Whoever works renews a lease every third of its life, and Prefect shows it when a shard gets going.
MOST_QUIET_LOOKS = int(1.5 * LEASE_TTL_S / LOOK_EVERY_S)
LOST_WORDS = (
    f"the worker was lost {MOST_LOSSES} times while it worked on {{}}: look for a process that was killed, for want of "
    "memory perhaps, or a machine that went away; the next night tries again"
)
NEVER_BEGUN_WORDS = (
    f"{MOST_LOSSES} shards ended without beginning {{}}; their logs say why: a worker without the secrets or with "
    "another configuration, perhaps; the next night tries again"
)
T = TypeVar("T")


def tenants_to_run(tenants: Sequence[str], night: date, *, unless_done: bool, is_by_name: bool) -> list[str]:
    """All but those in quarantine, unless they are asked for by name, and those whose night is done."""
    absent = set() if is_by_name else set(left_out(tenants, night))
    done = patiently(partial(_ask, partial(read_done, night=night))) if unless_done else set()
    return [tenant for tenant in tenants if tenant not in absent | done]


def run_shards(
    tenants: Sequence[str],
    night: date,
    *,
    unless_done: bool,
    look_every_s: float = LOOK_EVERY_S,
    most_quiet_looks: int = MOST_QUIET_LOOKS,
) -> None:
    """Give every tenant to a shard, and wait until each has had its turn or is given up.

    A shard that a worker has, and of which nothing changed for `most_quiet_looks`, is dead.
    """
    shards = _Shards(night, unless_done, most_quiet_looks, Dispatch(tenants))
    while not shards.is_over:
        with _again_later():
            shards.start()
        time.sleep(look_every_s)
        with _again_later(ConfigError):  # a file that is being edited
            shards.look()
    for tenant in shards.dispatch.lost:
        _record_failed(tenant, night, WorkerLostError(LOST_WORDS.format(tenant)))
    for tenant in shards.dispatch.never_begun:
        _record_failed(tenant, night, ConfigError([NEVER_BEGUN_WORDS.format(tenant)]))


@task(task_run_name="publish fleet", **STEP)
def publish_fleet(tenants: Sequence[str], night: date) -> list[Standing]:
    """Show how each tenant fares, and tell of those that were well before tonight.

    Safe to repeat: the same key is a new version of one artifact, and the same tenants are the same event.
    """
    standings = not_run(_ask(partial(read_standings, tenants=tenants, night=night)), night)
    show_list("fleet", fleet_rows(standings), fleet_words(standings, began_on()))
    tell_fleet(standings, began_on())
    return standings


@dataclass(slots=True)
class _Shards:
    """One night's shards: those to come, and those that a worker has or that wait for one."""

    night: date
    unless_done: bool
    most_quiet_looks: int
    dispatch: Dispatch
    _due: deque[tuple[str, ...]] = field(default_factory=deque)
    _open: list[Shard] = field(default_factory=list)
    _starts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @property
    def is_over(self) -> bool:
        return self.dispatch.is_over and not self._due and not self._open

    def start(self) -> None:
        """Start what is due; what could not be started stays due."""
        self._due.extend(self.dispatch.due(now()))
        while self._due:
            tenants = self._due[0]
            self._open.append(start_shard(tenants, self.night, self.unless_done, self._starts[tenants] + 1))
            self._starts[tenants] += 1
            self._due.popleft()

    def look(self) -> None:
        """Give up the dead, which show as crashed at the next look, and take back what is left of the ended.

        All that may fail comes first: a look that failed has changed nothing here.
        """
        states = read_states(self._open)
        at_work = [shard for shard in self._open if is_at_work(states.get(shard.flow_run_id))]
        signs = _ask(partial(read_signs, run_ids=_run_ids(at_work)))
        looked = [shard.look(states.get(shard.flow_run_id), signs) for shard in self._open]
        for shard in looked:
            if shard.watch.is_dead(self.most_quiet_looks):
                get_run_logger().warning("shard %s is dead: its worker was lost", shard.flow_run_id)
                give_up(shard, states.get(shard.flow_run_id))
        ended = [shard for shard in looked if _has_ended(shard, states)]
        progress = self._read_progress(ended)
        self._open = [shard for shard in looked if _is_open(shard, states)]
        for shard in ended:
            self._take_back(shard, progress, is_lost=states[shard.flow_run_id].is_crashed())

    def _take_back(self, shard: Shard, progress: Mapping[str, Progress], *, is_lost: bool) -> None:
        its = {tenant: progress[tenant] for tenant in shard.tenants if tenant in progress}
        self.dispatch.ended(shard.tenants, its, now(), is_lost=is_lost)
        get_run_logger().info("shard %s: %d of %d tenants", shard.flow_run_id, len(its), len(shard.tenants))

    def _read_progress(self, shards: Sequence[Shard]) -> dict[str, Progress]:
        """How far the tenants of these shards came; whose night was done before needed no run."""
        if not shards:
            return {}
        done = _ask(partial(read_done, night=self.night)) if self.unless_done else set()
        began = _ask(partial(read_progress, run_ids=_run_ids(shards)))
        return {tenant: Progress(Outcome.ALREADY_DONE) for tenant in done} | began


def _run_ids(shards: Sequence[Shard]) -> dict[str, str]:
    return {tenant: run_id for shard in shards for tenant, run_id in shard.run_ids.items()}


def _has_ended(shard: Shard, states: Mapping[UUID, State]) -> bool:
    """Whoever cancels or deletes a shard does not want its tenants to come again tonight."""
    state = states.get(shard.flow_run_id)
    return state is not None and state.is_final() and not state.is_cancelled()


def _is_open(shard: Shard, states: Mapping[UUID, State]) -> bool:
    state = states.get(shard.flow_run_id)
    return state is not None and not state.is_final()


def _record_failed(tenant: str, night: date, error: ActivationSyncError) -> None:
    """A failed run in the history, which says why no shard could bring the tenant to an end."""
    run_id = run_id_of(tenant, flow_run_id())
    with suppress(ActivationSyncError), open_run(tenant, night, run_id=run_id):
        raise error


@contextmanager
def _again_later(kind: type[Exception] = HTTPError) -> Iterator[None]:
    """What passes by itself must not end a fleet: its shards go on, and somebody has to look after them."""
    try:
        yield
    except (WarehouseBusyError, HTTPError, kind) as error:
        get_run_logger().warning("cannot look after the shards: %s; trying again", type(error).__name__)


def _ask(read: Callable[[Connection], T]) -> T:
    with reading(open_warehouse()) as connection:
        return read(connection)
