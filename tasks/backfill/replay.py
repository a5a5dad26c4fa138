"""The dates of a backfill: found, looked at, and replayed one by one through plan, guards and apply.

What is still to do follows from the values in the warehouse alone, so a backfill that was interrupted is started again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from prefect import task
from sqlalchemy import Connection

from activation_sync.core.model import Limits, Plan, Report
from activation_sync.core.pages.backfill_words import preview_day
from activation_sync.core.rule.plan import held_words, hold_if_not_approved, make_plan
from activation_sync.core.runs.backfill import (
    BackfillSummary,
    Batch,
    DayVerdict,
    LandedDays,
    ReplayDay,
    ReplayedDay,
    Window,
    summarise_look,
    view_day,
)
from activation_sync.errors import HeldError, LandingError, ReportFormatError
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.counts.states import read_replay_inputs
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.reports.keeping import apply_past_reports
from activation_sync.warehouse.reports.landed_days import are_reconciled, has_effect, read_replay_days, read_unread
from activation_sync.warehouse.reports.loading import read_reported
from activation_sync.warehouse.reports.manifest import LandedReport, record_rejected
from tasks.approval import Approval
from tasks.backfill.frame import Backfill, holding, show_days
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.showing import show_progress
from tasks.steps.apply import record_approval
from tasks.steps.load import load_past_report
from tasks.wiring import limits, now, observed_report, open_landing, open_warehouse, tenant_settings

Hold = Callable[[], AbstractContextManager[Run]]


@task(task_run_name="find {backfill.tenant}", **STEP)
def find_days(backfill: Backfill) -> LandedDays:
    """Which dates of the window can be replayed. Safe to repeat: a landed report is read once."""
    unreadable = read_the_unread(backfill.tenant, partial(holding, backfill))
    found = look_for_days(backfill.tenant, backfill.window, unreadable)
    step_log().info(
        "%s: %d dates to look at, nothing landed of %d", backfill.tenant, len(found.days), len(found.missing)
    )
    return found


@task(task_run_name="replay {backfill.tenant} {batch}", **STEP)
def replay_days(backfill: Backfill, batch: Batch, approval: Approval) -> list[ReplayedDay]:
    """Replay some dates, up to the first that is held. Safe to repeat: a date that is done needs nothing."""
    replayed = []
    for done, day in enumerate(
        replay_each(backfill, batch.days, approval, partial(holding, backfill)), batch.before + 1
    ):
        replayed.append(day)
        step_log().info(
            "%s %s: %s, %d written, %d to send",
            *(backfill.tenant, day.refreshed_on, day.verdict, day.written, day.pushed),
            extra={"progress": {"tenant": backfill.tenant, "done": done, "total": batch.total}},
        )
    done = batch.before + len(replayed)
    words = f"{backfill.window}: {done} of {batch.total} refresh dates"
    show_progress(f"backfill-progress-{backfill.tenant}", 100 * done / batch.total, words)
    return replayed


@task(task_run_name="look at {tenant}", **STEP)
def preview_backfill(tenant: str, window: Window) -> BackfillSummary:
    """What a backfill would do, date by date. Safe to repeat: it reads the warehouse, and writes nothing there."""
    summary = preview(tenant, window)
    show_days(summary)
    return summary


def preview(tenant: str, window: Window) -> BackfillSummary:
    """The plan of each date as it would be, had those before it been replayed."""
    refuse_other_schema(open_warehouse())
    found = look_for_days(
        tenant, window, [f"{landed.path} was never loaded (a backfill loads it first)" for landed in _unread(tenant)]
    )
    as_reconciled = [landed_id for day in found.days for landed_id in day.landed_ids]
    replayer = _Replayer.of(tenant)
    with reading(open_warehouse()) as connection:
        days = [replayer.look(connection, day, as_reconciled) for day in found.days]
    is_on = tenant_settings(tenant).write_back.enabled
    return summarise_look(tenant, window, found, days, is_write_back_on=is_on)


def look_for_days(tenant: str, window: Window, unreadable: Iterable[str] = ()) -> LandedDays:
    """The dates of a window, by what is known of landed reports now."""
    with reading(open_warehouse()) as connection:
        days = read_replay_days(connection, tenant, window.start, window.end)
    missing = set(window.days) - {day.refreshed_on for day in days}
    return LandedDays(tuple(days), tuple(sorted(missing)), tuple(unreadable))


def read_the_unread(tenant: str, hold: Hold) -> list[str]:
    """Load what was landed and never loaded, as after a killed run; returns what could not be, and why."""
    if not _unread(tenant):
        return []
    with hold() as run:  # a nightly run may be loading them this moment; what it loaded meanwhile is not unread
        return [reason for landed in _unread(tenant) if (reason := _why_unreadable(landed, run))]


def replay_each(backfill: Backfill, days: Iterable[ReplayDay], approval: Approval, hold: Hold) -> Iterator[ReplayedDay]:
    """Replay dates in the order given, up to the first that is held. hold: takes the tenant, for one date."""
    replayer = _Replayer.of(backfill.tenant)
    for day in days:
        replayed = replayer.replay(day, backfill.window.note, approval, hold)
        yield replayed
        if replayed.verdict is DayVerdict.HELD:
            return


@dataclass(frozen=True, slots=True)
class _Replayer:
    """Makes the plan of a date and applies it, by the settings of one tenant."""

    tenant: str
    counts_from: Report
    limits: Limits

    @classmethod
    def of(cls, tenant: str) -> "_Replayer":
        settings = tenant_settings(tenant)
        return cls(tenant, observed_report(settings), limits(settings))

    def replay(self, day: ReplayDay, note: str, approval: Approval, hold: Hold) -> ReplayedDay:
        """A date that needs nothing is found without the tenant's lease, so that a nightly run need not wait."""
        with reading(open_warehouse()) as connection:
            if done := self._done(connection, day):
                return done
        with hold() as run, writing(open_warehouse(), run.lease) as connection:
            plan = self._plan(connection, day)  # again: what is applied follows from what is there now
            try:
                hold_if_not_approved(plan, approval.digest)
            except HeldError as held:
                return view_day(plan, day, DayVerdict.HELD, str(held))
            record_approval(connection, run, plan, approval)
            apply_plan(connection, plan, run.stamp(), f"{note}{day.restated}")
            apply_past_reports(connection, day.landed_ids, now())
        return view_day(plan, day, DayVerdict.APPLIED)

    def look(self, connection: Connection, day: ReplayDay, as_reconciled: Iterable[str]) -> ReplayedDay:
        if done := self._done(connection, day):
            return done
        plan = self._plan(connection, day, as_reconciled)
        reason = held_words(plan, plan.digest) if plan.is_held else ""
        return preview_day(plan, day, DayVerdict.HELD if reason else DayVerdict.WOULD_CHANGE, reason)

    def _done(self, connection: Connection, day: ReplayDay) -> ReplayedDay | None:
        """The date, if it needs nothing."""
        if not are_reconciled(connection, day.landed_ids):
            return None
        plan = self._plan(connection, day)
        return None if has_effect(connection, plan) else view_day(plan, day, DayVerdict.NOTHING_TO_DO)

    def _plan(self, connection: Connection, day: ReplayDay, as_reconciled: Iterable[str] = ()) -> Plan:
        given = [read_reported(connection, landed_id) for landed_id in day.landed_ids]
        inputs = read_replay_inputs(connection, self.tenant, self.counts_from, given, list(as_reconciled), now().date())
        return make_plan(inputs, self.limits)


def _unread(tenant: str) -> list[LandedReport]:
    with reading(open_warehouse()) as connection:
        return read_unread(connection, tenant)


def _why_unreadable(landed: LandedReport, run: Run) -> str:
    """Load one report; a bad one is rejected, as the nightly run would, and stops nothing."""
    try:
        with open_landing().open(landed.path) as stream, writing(open_warehouse(), run.lease) as connection:
            load_past_report(connection, landed, stream)
    except ReportFormatError as error:
        with writing(open_warehouse(), run.lease) as connection:
            record_rejected(connection, landed.id, str(error))
        return str(error)
    except (LandingError, HeldError) as error:
        return str(error)
    return ""
