"""A fleet's shards as Prefect knows them: flow runs of the deployment `shard`, on the same work pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import TypeGuard, cast
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed

from activation_sync.core.phrases import rows_words
from activation_sync.core.runs.shards import Watch
from activation_sync.errors import ConfigError
from activation_sync.warehouse.runs.progress import Signs
from tasks.run import run_id_of

DEPLOYMENT = "shard/shard"
PAGE = 200  # flow runs, the most that Prefect gives at once
UNWATCHED = Watch()


@dataclass(frozen=True, slots=True)
class Shard:
    """One flow run and its tenants."""

    flow_run_id: UUID
    tenants: tuple[str, ...]
    watch: Watch = UNWATCHED

    @property
    def run_ids(self) -> dict[str, str]:
        """The id under which each tenant's run stands in the warehouse, by tenant."""
        return {tenant: run_id_of(tenant, str(self.flow_run_id)) for tenant in self.tenants}

    def look(self, state: State | None, signs: Mapping[str, Signs]) -> "Shard":
        """The shard after another look at it. signs: of all tenants whose shard is at work."""
        if not is_at_work(state):
            return replace(self, watch=UNWATCHED)
        shown = (state.type, state.timestamp, *(signs.get(tenant) for tenant in self.tenants))
        return replace(self, watch=self.watch.look(shown))


def is_at_work(state: State | None) -> TypeGuard[State]:
    """True from the moment a worker has it. One that waits for a worker is not dead, however long it waits."""
    return state is not None and not state.is_scheduled() and not state.is_final()


def start_shard(tenants: tuple[str, ...], night: date, unless_done: bool, start: int) -> Shard:
    """Give tenants to whichever worker is free. start: how often these were started together by now.

    Asked twice by one fleet run, Prefect gives back the shard that it has; one that has ended is of an earlier try of
    this fleet run, and another is started.
    """
    run = _start(tenants, night, unless_done, start)
    while run.state and run.state.is_final():
        start += 1
        run = _start(tenants, night, unless_done, start)
    return Shard(run.id, tenants)


def _start(tenants: tuple[str, ...], night: date, unless_done: bool, start: int) -> FlowRun:
    content = sha256("\n".join(tenants).encode()).hexdigest()
    try:
        run = run_deployment(
            DEPLOYMENT,
            parameters={"tenants": list(tenants), "night": night, "unless_done": unless_done},
            flow_run_name=f"shard {tenants[0]} to {tenants[-1]} {night}",
            idempotency_key=f"{runtime.flow_run.id} {content} {start}",
            timeout=0,
        )
    except ObjectNotFound:
        raise ConfigError([f"the deployment {DEPLOYMENT} is not registered; run: activation-sync register"]) from None
    return cast(FlowRun, run)


def read_states(shards: Sequence[Shard]) -> dict[UUID, State]:
    """The states of these shards; one that somebody deleted is left out."""
    states: dict[UUID, State] = {}
    with get_client(sync_client=True) as client:
        for start in range(0, len(shards), PAGE):
            ids = FlowRunFilterId(any_=[shard.flow_run_id for shard in shards[start : start + PAGE]])
            found = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=ids), limit=PAGE)
            states |= {run.id: run.state for run in found if run.state}
    return states


def give_up(shard: Shard, state: State | None) -> None:
    """Tell Prefect that a shard is dead, which frees its place; should it only have been paused, its leases stop it.

    state: the one it died in. Somebody cancelled it? Then it is cancelled.
    """
    silent = rows_words(len(shard.tenants), "tenant")
    reason = f"no sign of life of {silent} in the warehouse; the fleet gives them to another worker"
    with get_client(sync_client=True) as client:
        ending = Cancelled if state and state.is_cancelling() else Crashed
        client.set_flow_run_state(shard.flow_run_id, ending(message=reason), force=True)
