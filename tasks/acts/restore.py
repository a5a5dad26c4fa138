"""A person has put back an older backup: the warehouse catches up with the landing, and Graph with the warehouse."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import Connection

from activation_sync.core.model import Report
from activation_sync.core.runs.backfill import DayVerdict, ReplayedDay, Window, held_day
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.landing.heads import NotedHead
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.ledger.ledger import RESTORE, Act, record_act
from activation_sync.warehouse.rebuilding.restore import (
    doubt_all,
    read_certain_keys,
    read_known_paths,
    read_unreconciled_dates,
)
from activation_sync.warehouse.reports.landed_days import read_replay_days
from activation_sync.warehouse.reports.manifest import LandedReport, record_landed
from activation_sync.warehouse.runs.runs import record_run
from tasks.approval import NONE
from tasks.backfill.frame import Backfill
from tasks.backfill.replay import read_the_unread, replay_each
from tasks.ledger import read_lost_head
from tasks.run import Run, open_run
from tasks.wiring import now, open_landing, open_warehouse, tenant_settings

REASON = "the warehouse was restored from an older backup"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did for one tenant, or would do.

    lost: the head noted last, when the ledger does not hold it. taken_in: landed reports that the warehouse did not
    know. days: refresh dates replayed; a preview has none. doubted: rows that the next sync sends once more; none while
    the write-back is off. problems: files that could not be taken in, each with its reason.
    """

    tenant: str
    lost: NotedHead | None = None
    taken_in: int = 0
    days: tuple[ReplayedDay, ...] = ()
    doubted: int = 0
    problems: tuple[str, ...] = ()
    outcome: Outcome = Outcome.PREVIEWED
    run_id: str = ""


def preview_restore(tenant: str) -> Restored:
    """What a restore would do. Reads, and writes nothing."""
    refuse_other_schema(open_warehouse())
    lost, unknown = read_lost_head(tenant), _unknown_paths(tenant)
    with reading(open_warehouse()) as connection:
        doubted = len(read_certain_keys(connection, tenant)) if _sends(tenant) else 0
    return Restored(tenant, lost, taken_in=len(unknown), doubted=doubted)


def restore(tenant: str) -> Restored:
    """Take in what landed since the backup, replay it, and put every row in doubt; the ledger tells of it.

    Also where nothing seems lost: landing and warehouse may be of one backup, and Graph newer than both. Safe to
    repeat: until the end, the ledger lacks the head noted last, and what was done already needs nothing.
    """
    with open_run(tenant, now().date(), RunKind.RESTORE, reason=REASON) as run:
        lost, unknown = read_lost_head(tenant), _unknown_paths(tenant)
        problems = [problem for path in unknown if (problem := _take_in(path, run))]
        taken_in = len(unknown) - len(problems)
        problems += read_the_unread(tenant, lambda: nullcontext(run))
        days = tuple(_replay(run))
        with writing(open_warehouse(), run.lease) as connection:
            doubted = doubt_all(connection, tenant, run.stamp()) if _sends(tenant) else 0
            outcome = _outcome(days, problems)
            done = Restored(tenant, lost, taken_in, days, doubted, tuple(problems), outcome, run.run_id)
            _record(connection, run, done)
        return done


def _sends(tenant: str) -> bool:
    return tenant_settings(tenant).write_back.enabled


def _unknown_paths(tenant: str) -> list[str]:
    with reading(open_warehouse()) as connection:
        known = read_known_paths(connection, tenant)
    return sorted(path for path in open_landing().files(tenant) if path not in known)


def _take_in(path: str, run: Run) -> str:
    """Record a landed file as given when it was written. Returns what is wrong with it, or nothing."""
    place = PurePosixPath(path)
    if place.parent.name not in {report.value for report in Report}:
        return f"{path} is not the place of a report"
    file, written_at = open_landing().examine(path)
    if file.sha256 != place.stem:
        return f"{path} is damaged: its sha256 is {file.sha256[:12]}...; import it from a copy"
    report = Report(place.parent.name)
    landed = LandedReport(run.tenant, report, file.sha256, file.size_bytes, path, written_at, written_at)
    with writing(open_warehouse(), run.lease) as connection:
        record_landed(connection, landed)
    return ""


def _replay(run: Run) -> Iterable[ReplayedDay]:
    """Every date that waits, oldest first. One that is held does not stop those after it, as no night did."""
    with reading(open_warehouse()) as connection:
        waiting = read_unreconciled_dates(connection, run.tenant)
        days = read_replay_days(connection, run.tenant, min(waiting), max(waiting)) if waiting else []
    for day in days:
        if day.refreshed_on in waiting:
            window = Window(day.refreshed_on, day.refreshed_on, REASON)
            backfill = Backfill(run.tenant, run.run_id, run.as_of, run.who, window)
            yield from replay_each(backfill, [day], NONE, lambda: nullcontext(run))


def _outcome(days: Sequence[ReplayedDay], problems: Sequence[str]) -> Outcome:
    if held_day(days):
        return Outcome.HELD
    return Outcome.UNSETTLED if problems or any(day.conflicts for day in days) else Outcome.DONE


def _record(connection: Connection, run: Run, done: Restored) -> None:
    held, applied = held_day(done.days), [day for day in done.days if day.verdict is DayVerdict.APPLIED]
    lost = f"row {done.lost.head.row}, {done.lost.head.hash}" if done.lost else "none that was noted"
    note = (
        f"{REASON}; the head that was lost: {lost}; {done.taken_in} landed reports taken in, {len(applied)} refresh "
        f"dates replayed, {done.doubted} rows put in doubt"
    )
    record_act(connection, run.tenant, Act(RESTORE, note), run.stamp())
    plan = PlanView(
        run.tenant,
        digest=held.digest if held else "",
        written=sum(day.written for day in applied),
        pushed=sum(day.pushed for day in applied),
        conflicts=sum(day.conflicts for day in done.days),
    )
    error = f"{held.refreshed_on} is {held.held_because}" if held else ""
    record_run(connection, RunSummary(plan, run.run_id, run.as_of, done.outcome, error=error), at=now())
