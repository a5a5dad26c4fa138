"""The frame of a backfill: what its steps need, who holds the tenant meanwhile, and how its end is remembered."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from prefect import runtime, task

from activation_sync.core.pages.backfill_words import backfill_markdown, backfill_words, day_rows
from activation_sync.core.rule.delivery import Delivery, Verification
from activation_sync.core.runs.backfill import (
    BackfillSummary,
    LandedDays,
    ReplayedDay,
    Window,
    failed_backfill,
    run_summary,
    summarise_backfill,
    summarise_look,
)
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.stamp import Stamp
from activation_sync.errors import ActivationSyncError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.delivery.outbox import read_dead
from activation_sync.warehouse.runs.runs import record_run, record_run_started
from activation_sync.warehouse.runs.views import read_daily_counts
from tasks.alerts import tell_changes
from tasks.ledger import note_whole_ledger, refuse_lost_ledger
from tasks.policy import STEP, patiently
from tasks.run import Run, flow_run_id, hold_tenant, run_id_of
from tasks.showing import show_page, show_table, showing
from tasks.steps.deliver import deliver_updates
from tasks.steps.publish import SHOWN_DATES
from tasks.steps.verify import verify_delivery
from tasks.wiring import account, now, open_warehouse


@dataclass(frozen=True, slots=True)
class Backfill:
    """What every step of one tenant's backfill needs; the lease is taken by those that write, for as long only."""

    tenant: str
    run_id: str
    as_of: date
    who: str
    window: Window


@contextmanager
def open_backfill(tenant: str, window: Window) -> Iterator[Backfill]:
    """One tenant's part of a run: who wanted it and why is noted first, and how it failed, should it fail."""
    backfill = start_backfill(tenant, window)
    stamp = Stamp(backfill.run_id, backfill.who, now())
    try:
        refuse_lost_ledger(tenant)
        yield backfill
        note_whole_ledger(tenant, stamp)
    except Exception as error:
        # a warehouse that cannot be written must not hide what went wrong before it
        with suppress(ActivationSyncError):
            _record_end(backfill, failed_backfill(tenant, window, error))
            note_whole_ledger(tenant, stamp)
        raise


def start_backfill(tenant: str, window: Window) -> Backfill:
    """Note that a backfill began, by whom and why."""
    engine = open_warehouse()
    patiently(partial(refuse_other_schema, engine))
    run_id, as_of, who = run_id_of(tenant, flow_run_id()), now().date(), account()
    with writing(engine) as connection:
        stamp = Stamp(run_id, who, now())
        record_run_started(connection, tenant, as_of, stamp, RunKind.BACKFILL, window.note)
    return Backfill(tenant, run_id, as_of, who, window)


@contextmanager
def holding(backfill: Backfill) -> Iterator[Run]:
    """The tenant, for one step: a nightly run that waits gets in between two."""
    with hold_tenant(backfill.tenant, f"backfill {backfill.run_id}") as lease:
        yield Run(backfill.tenant, backfill.run_id, backfill.as_of, backfill.who, lease)


@task(task_run_name="deliver {backfill.tenant}", **STEP)
def deliver_replayed(backfill: Backfill, before: Delivery) -> Delivery:
    """Send what the outbox holds, unless this Graph said before that it does not offer it. Safe to repeat."""
    if not before.is_offered:
        return before
    with holding(backfill) as run:
        delivery = deliver_updates.fn(run)
    return replace(delivery, throttled_s=before.throttled_s + delivery.throttled_s)


@task(task_run_name="verify {backfill.tenant}", **STEP)
def verify_replayed(backfill: Backfill) -> Verification:
    """Read back what Graph acknowledged in this run. Safe to repeat."""
    with holding(backfill) as run:
        return verify_delivery.fn(run)


@task(task_run_name="publish {backfill.tenant}", **STEP)
def publish_backfill(
    backfill: Backfill, found: LandedDays, days: Sequence[ReplayedDay], delivery: Delivery, verification: Verification
) -> BackfillSummary:
    """Record what was done and show it in the dashboard. Safe to repeat: the record is the run's own row."""
    with reading(open_warehouse()) as connection:
        dead_letters = len(read_dead(connection, backfill.tenant))
    looked = summarise_look(backfill.tenant, backfill.window, found, days)
    summary = summarise_backfill(looked, delivery, verification, dead_letters)
    _record_end(backfill, replace(summary, run_id=backfill.run_id))
    with showing("the backfill"):
        show_days(summary)
        _show_page(summary)
    return summary


def show_days(summary: BackfillSummary) -> None:
    """The dates as a table in the dashboard; a later backfill of the tenant is a new version of it."""
    show_table(f"backfill-{summary.tenant}", day_rows(summary.days), backfill_words(summary))


def _show_page(summary: BackfillSummary) -> None:
    with reading(open_warehouse()) as connection:
        counts = read_daily_counts(connection, summary.tenant, SHOWN_DATES, until=summary.end)
    show_page(f"backfill-page-{summary.tenant}", backfill_markdown(summary, counts), backfill_words(summary))


def _record_end(backfill: Backfill, summary: BackfillSummary) -> None:
    told = tell_changes(run_summary(summary, backfill.run_id, backfill.as_of), RunKind.BACKFILL)
    with writing(open_warehouse()) as connection:
        record_run(connection, told, at=now())


def backfill_run_name() -> str:
    """`backfill contoso 2026-10-01..2026-10-31`, as the dashboard lists the run."""
    parameters = runtime.flow_run.parameters
    tenants = ", ".join(parameters.get("tenants") or ()) or "all tenants"
    return f"backfill {tenants} {parameters['start']}..{parameters['end']}"
