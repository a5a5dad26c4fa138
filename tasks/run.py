"""The frame of a run: who holds the tenant, and how the run's end is remembered even when it fails."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4, uuid5

from prefect import get_run_logger, runtime
from prefect.exceptions import MissingContextError
from prefect.futures import PrefectFutureList

from activation_sync.clock import Clock
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.core.stamp import Stamp
from activation_sync.errors import ActivationSyncError, GraphBusyError, HeldError, TenantBusyError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.lease import Lease, Terms, hold_lease
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.runs.runs import find_runs, read_troubles, record_run, record_run_started
from tasks.alerts import tell_changes
from tasks.ledger import note_newest_head, note_whole_ledger, refuse_lost_ledger
from tasks.log import tell_once
from tasks.policy import is_put_off, patiently
from tasks.wiring import account, now, open_warehouse, refuse_unknown, tenant_settings

LEASE_TTL_S = 60.0
LEASE_WAIT_S = 2 * LEASE_TTL_S  # a killed run's lease ends within this
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """What every step of a run needs: whose it is, which run it is, and the lease that lets it write.

    troubles: what was amiss with the tenant when it began; None: not looked at.
    """

    tenant: str
    run_id: str
    as_of: date
    who: str
    lease: Lease
    troubles: Mapping[str, int] | None = None

    def stamp(self) -> Stamp:
        """On what this run writes now."""
        return Stamp(self.run_id, self.who, now())


@contextmanager
def open_run(
    tenant: str,
    as_of: date,
    kind: RunKind = RunKind.SYNC,
    run_id: str | None = None,
    reason: str | None = None,
) -> Iterator[Run]:
    """Hold the tenant while the run lasts; a run that is held or fails is remembered, with why.

    Refuses to begin on a ledger that lost what an earlier run noted of it; notes in the end how far the ledger came.
    A restore alone begins on such a ledger; one that fails notes nothing, for it has not made good what was lost.

    run_id: the flow run's own when left out. reason: a person's, for starting it.
    """
    tell_once()
    refuse_unknown(tenant)  # a mistyped name must not become a tenant of the warehouse
    engine, run_id, who = open_warehouse(), run_id or flow_run_id(), account()
    held, run = partial(hold_tenant, tenant, f"run {run_id}"), None
    with ExitStack() as frame:
        try:
            tenant_settings(tenant)
            patiently(partial(refuse_other_schema, engine))
            lease = patiently(lambda: frame.enter_context(held()))
            if kind is not RunKind.RESTORE:
                refuse_lost_ledger(tenant)
            run = patiently(partial(_record_start, Run(tenant, run_id, as_of, who, lease), kind, reason))
            yield run
            note = note_newest_head if kind is RunKind.RESTORE else note_whole_ledger
            note(tenant, run.stamp())
        except Exception as error:
            # a warehouse that cannot be written must not hide what went wrong before it
            with suppress(ActivationSyncError):
                _record_end(ended_by(error, tenant, run_id, as_of), kind, run)
                if run and kind is not RunKind.RESTORE:
                    note_whole_ledger(tenant, run.stamp())
            raise


def flow_run_id() -> str:
    """The id of the flow run at work; a new one where there is none."""
    return runtime.flow_run.id or str(uuid4())


def run_id_of(tenant: str, of_flow_run: str) -> str:
    """One for each tenant of a flow run, the same when the run is tried again.

    They differ from their first character on: people name a run by its beginning.
    """
    return str(uuid5(UUID(of_flow_run), tenant))


def say_in_log(text: str) -> None:
    """A line in the run's log; outside of Prefect, on standard error."""
    try:
        get_run_logger().warning(text)
    except MissingContextError:
        logging.getLogger("activation_sync").warning(text)


@contextmanager
def hold_tenant(
    tenant: str, owner: str, *, say: Callable[[str], None] = say_in_log, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Lease]:
    """The tenant's lease; whoever must wait for another run says so, once."""
    hold = partial(hold_lease, open_warehouse(), tenant, owner, clock=Clock(sleep=sleep))
    with ExitStack() as held:
        try:
            lease = held.enter_context(hold(terms=Terms(LEASE_TTL_S)))
        except TenantBusyError as busy:
            say(f"waiting up to {LEASE_WAIT_S:.0f} s: {busy}")
            lease = held.enter_context(hold(terms=Terms(LEASE_TTL_S, LEASE_WAIT_S)))
        yield lease


def _record_start(run: Run, kind: RunKind, reason: str | None) -> Run:
    """The run, with what was amiss before it: a run that is begun again takes its own first end for that."""
    with writing(open_warehouse(), run.lease) as connection:
        troubles = read_troubles(connection, run.tenant, kind)
        record_run_started(connection, run.tenant, run.as_of, run.stamp(), kind, reason)
    return replace(run, troubles=troubles)


def ended_by(error: Exception, tenant: str, run_id: str, as_of: date) -> RunSummary:
    """How a run ended that did not go through all its steps: held, put off, or failed."""
    plan = PlanView(tenant, error.digest if isinstance(error, HeldError) else "")
    ended = partial(RunSummary, plan, run_id, as_of, error_kind=type(error).__name__)
    if isinstance(error, HeldError):
        return ended(Outcome.HELD, error=str(error))
    if isinstance(error, GraphBusyError) and is_put_off(error):
        until = now() + timedelta(seconds=error.retry_after_s or 0)
        return ended(Outcome.PUT_OFF, error=str(error), put_off_until=until)
    # the text of an unexpected error may hold anything, so only its type is kept
    reason = str(error) if isinstance(error, ActivationSyncError) else f"unexpected {type(error).__name__}"
    return ended(Outcome.FAILED, error=reason)


def _record_end(summary: RunSummary, kind: RunKind, run: Run | None) -> None:
    """Of a run that could not begin (run: None) people are told as well, and it is begun and ended in one."""
    told = tell_changes(summary, kind, before=run.troubles if run else None)
    if not run:
        refuse_other_schema(open_warehouse())
    with writing(open_warehouse(), run.lease if run else None) as connection:
        if not run:
            stamp = Stamp(summary.run_id, account(), now())
            record_run_started(connection, summary.tenant, summary.as_of, stamp, kind)
        record_run(connection, told, at=now())


def read_ended(run_id: str) -> RunSummary | None:
    """What the warehouse knows of a run; None when the run has no end there."""
    with reading(open_warehouse()) as connection:
        found = find_runs(connection, run_id, limit=1)
    return found[0].summary if found else None


def results_of(steps: PrefectFutureList[T]) -> list[T]:
    """What mapped steps returned, once all have ended: a failed one must not end the run while others write."""
    steps.wait()
    return steps.result()


def scheduled_on() -> date:
    """The day this run was due (UTC), so that a run caught up late keeps its own date."""
    due = runtime.flow_run.scheduled_start_time
    return due.date() if due else now().date()


def run_name() -> str:
    """`sync contoso 2026-11-21`, as the dashboard lists the run."""
    parameters = runtime.flow_run.parameters
    as_of = parameters.get("as_of") or scheduled_on()
    return f"{runtime.flow_run.flow_name} {parameters['tenant']} {as_of}"
