"""The frame of a night: which one it is, who gets a turn and when, and what it came to."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, date, datetime
from functools import partial
from heapq import heappop, heappush
from zoneinfo import ZoneInfo

from prefect import get_run_logger, runtime, task

from activation_sync.core.runs.nights import comes_again, newest_night, night_of, night_rows, night_words
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.standing import LastRun, quarantine_words
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.errors import ActivationSyncError, ConfigError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.runs.fleet import read_last_runs
from activation_sync.warehouse.runs.runs import is_night_done
from tasks.alerts import tell_left_out
from tasks.policy import STEP, patiently
from tasks.run import ended_by, flow_run_id, run_id_of
from tasks.showing import show_list
from tasks.wiring import now, open_warehouse

SCHEDULED_IN = "UTC"  # unless the deployment says otherwise
SIDE_BY_SIDE = 4  # tenants of a shard; they mostly wait, for Graph and for the warehouse
AT_ONCE = datetime.min.replace(tzinfo=UTC)


def night_due(time_zone: str) -> date:
    """The night this flow run stands for; its own, unless newer ones came due while it could not start."""
    zone = _zone(time_zone)
    return newest_night(runtime.flow_run.scheduled_start_time or now(), now(), zone)


def night_run_name() -> str:
    """`nightly 2026-11-21`, by the run's own night, as the dashboard lists it."""
    zone = _zone(runtime.flow_run.parameters.get("time_zone") or SCHEDULED_IN)
    return f"{runtime.flow_run.flow_name} {night_of(runtime.flow_run.scheduled_start_time or now(), zone)}"


def left_out(tenants: Sequence[str], night: date) -> dict[str, RunSummary]:
    """Tenants in quarantine, as they fare in a night that leaves them out; of those that are new, people are told."""
    patiently(partial(refuse_other_schema, open_warehouse()))
    lasts = [last for last in patiently(partial(_read_last_runs, tenants)) if _is_left_out(last, night)]
    return {last.tenant: _left_out(last, night) for last in lasts}


def _is_left_out(last: LastRun, night: date) -> bool:
    return last.quarantine is not None and not last.quarantine.is_due(night)


def _left_out(last: LastRun, night: date) -> RunSummary:
    summary = RunSummary(PlanView(last.tenant), "", night, Outcome.QUARANTINED, error=quarantine_words(last))
    if last.summary:
        patiently(partial(tell_left_out, summary, last.summary))
    return summary


def began_on() -> date:
    """The day (UTC) on which this flow run was due: troubles that began earlier are known."""
    return (runtime.flow_run.scheduled_start_time or now()).date()


def take_turns(tenants: Sequence[str], run: Callable[[str], RunSummary]) -> list[RunSummary]:
    """One tenant after another; who was put off comes again behind the others, once its time has come."""
    queue = [(AT_ONCE, number, tenant) for number, tenant in enumerate(tenants)]
    ended: dict[str, RunSummary] = {}
    put_offs: Counter[str] = Counter()
    while queue:
        not_before, number, tenant = heappop(queue)
        time.sleep(max(0.0, (not_before - now()).total_seconds()))
        ended[tenant] = summary = run(tenant)
        put_offs[tenant] += 1
        if summary.put_off_until and comes_again(summary.put_off_until, put_offs[tenant], now()):
            heappush(queue, (summary.put_off_until, number, tenant))
    return list(ended.values())


def run_side_by_side(tenants: Sequence[str], run: Callable[[str], RunSummary]) -> list[RunSummary]:
    """A few tenants at once, each in a thread that belongs to this flow run. Who was put off does not come again."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        turns = [pool.submit(copy_context().run, run, tenant) for tenant in tenants]
    return [turn.result() for turn in turns]


def run_unless_done(tenant: str, night: date, run: Callable[..., RunSummary], *, is_asked: bool) -> RunSummary:
    """One tenant's part of the night, or nothing, when `is_asked` to look first and another run has done it."""
    if is_asked and patiently(partial(_is_done, tenant, night)):
        return RunSummary(PlanView(tenant), "", night, Outcome.ALREADY_DONE)
    return run(tenant, night, run_id=run_id_of(tenant, flow_run_id()))


def failed_run(tenant: str, night: date, error: Exception) -> RunSummary:
    """How a tenant's run ended that did not go through, so that the next tenant gets its turn."""
    if not isinstance(error, ActivationSyncError):  # a bug should look like one in the log of the run
        get_run_logger().error("%s: unexpected error", tenant, exc_info=error)
    return ended_by(error, tenant, "", night)


@task(task_run_name="publish night", **STEP)
def publish_night(summaries: Sequence[RunSummary]) -> None:
    """Show how each tenant fared. Safe to repeat: the same key is a new version of one artifact."""
    show_list("night", night_rows(summaries), night_words(summaries))


def _is_done(tenant: str, night: date) -> bool:
    with reading(open_warehouse()) as connection:
        return is_night_done(connection, tenant, night)


def _read_last_runs(tenants: Sequence[str]) -> list[LastRun]:
    with reading(open_warehouse()) as connection:
        return read_last_runs(connection, tenants, now())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a folder of the time zones, "Europe", is an OSError
        raise ConfigError(
            [f"time_zone: {name!r} is not a time zone; write one like Europe/Berlin, as the schedule has it"]
        ) from None
