"""A person takes a landed report out of force."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from activation_sync.core.phrases import reason_problems
from activation_sync.core.rule.plan import hold_if_not_approved
from activation_sync.core.rule.withdraw import Withdrawal, plan_withdrawal
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.counts.states import read_inputs_without
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.delivery.outbox import move, read_dead, read_pending
from activation_sync.warehouse.ledger.hindsight import read_footprint
from activation_sync.warehouse.ledger.ledger import Act, record_act
from activation_sync.warehouse.reports.keeping import keeper_of
from activation_sync.warehouse.reports.manifest import LandedReport
from activation_sync.warehouse.reports.withdrawn import (
    choose_reports,
    hide_reports,
    read_reports_on,
    reconciled_of,
    record_withdrawn,
)
from tasks.acts.act import apply_act, open_act
from tasks.approval import approval_of
from tasks.run import Run
from tasks.steps.apply import record_approval
from tasks.steps.load import read_kept
from tasks.steps.planning import inputs_from
from tasks.wiring import limits, now, observed_report, open_landing, open_warehouse, tenant_settings


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a person wants withdrawn, and why. report: a kind, all, or a landed report's id; see `choose_reports`."""

    on: date
    reason: str
    report: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The reports that are, or would be, taken out of force, and the plan that follows."""

    reports: tuple[LandedReport, ...]
    withdrawal: Withdrawal


def preview_withdraw(tenant: str, wrong: Wrong) -> Withdrawn:
    """What withdrawing would change. Reads, and writes nothing."""
    if problems := reason_problems(wrong.reason, "a withdrawal"):
        raise ChoiceError("; ".join(problems))
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        return _withdrawn_from(connection, tenant, wrong)


def withdraw(tenant: str, wrong: Wrong, approve: str | None = None) -> tuple[Withdrawn, RunSummary]:
    """Take reports out of force and bring back what stood before them; HeldError when the guards object.

    The next sync sends the values before. The ledger keeps everything; so does the landing, until it expires.
    """
    approval = approval_of([tenant], approve)
    preview_withdraw(tenant, wrong)  # what cannot be meant leaves no failed run behind
    with open_act(tenant, RunKind.WITHDRAW, wrong.reason.strip()) as (run, connection):
        found = _withdrawn_from(connection, tenant, wrong)
        plan = found.withdrawal.plan
        hold_if_not_approved(plan, approval.digest)
        approved_by = record_approval(connection, run, plan, approval)
        _take_out_of_force(connection, run, found, wrong)
        _close_dead_letters(connection, tenant, found.withdrawal)
        ids = ", ".join(landed.id for landed in found.reports)
        note = f"withdrew {ids}: {wrong.reason.strip()}"
        return found, apply_act(run, connection, plan, approved_by, note)


def _withdrawn_from(connection: Connection, tenant: str, wrong: Wrong) -> Withdrawn:
    there = read_reports_on(connection, tenant, wrong.on)
    if not there:
        newest_on = inputs_from(connection, tenant).newest_reconciled_on
        newest = f"its newest refresh date is {newest_on}" if newest_on else "it has no refresh date yet"
        raise ChoiceError(f"no report of {wrong.on} is in force for {tenant}; {newest}")
    reports = choose_reports(there, wrong.report)
    settings = tenant_settings(tenant)
    observed = reconciled_of(there, observed_report(settings))
    footprint = read_footprint(connection, tenant, wrong.on, observed.id if observed in reports else None)
    inputs = read_inputs_without(
        connection, tenant, observed_report(settings), wrong.on, [landed.id for landed in reports]
    )
    pending = {row.update.key for row in read_pending(connection, tenant) if row.update.key.refreshed_on == wrong.on}
    return Withdrawn(tuple(reports), plan_withdrawal(inputs, footprint, pending, limits(settings)))


def _take_out_of_force(connection: Connection, run: Run, found: Withdrawn, wrong: Wrong) -> None:
    for landed in found.reports:
        act = Act("withdraw", f"{landed.id}: {wrong.reason.strip()}", refreshed_on=wrong.on)
        record_act(connection, run.tenant, act, run.stamp())
    record_withdrawn(connection, [landed.id for landed in found.reports], now())
    again = hide_reports(connection, found.reports)
    if again and open_landing().holds(again.path):
        _show_detail(connection, again)


def _show_detail(connection: Connection, landed: LandedReport) -> None:
    """The user detail that people saw before; its rows were dropped, so they are loaded again."""
    with open_landing().open(landed.path) as stream:
        content = read_kept(landed.report, stream, tenant_settings(landed.tenant).sync)
        keeper_of(landed.report).load(connection, landed, content, now())
    keeper_of(landed.report).show(connection, landed)


def _close_dead_letters(connection: Connection, tenant: str, withdrawal: Withdrawal) -> None:
    """Of rows that leave the table nothing can be offered again."""
    gone = frozenset(withdrawal.gone)
    dead = [letter.id for letter in read_dead(connection, tenant) if letter.update.key in gone]
    move(connection, dead, OutboxState.SUPERSEDED, now())
