"""How thousands of tenants fare, in a few queries: how many does not depend on the tenants, nor on their history."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Text,
    case,
    column,
    func,
    select,
    values,
)
from sqlalchemy.sql.selectable import NamedFromClause

from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.quarantine import Turnout, is_its_own, quarantine_of
from activation_sync.core.runs.standing import LastRun
from activation_sync.warehouse.database.tables import sync_run, tenant_lease
from activation_sync.warehouse.runs.runs import SUMMARY

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
CONDITIONS = {outcome.value: outcome.condition.value for outcome in Outcome}
ENDS_FAILURES = tuple(outcome.value for outcome in Outcome if outcome.ends_failures)


def read_last_runs(conn: Connection, tenants: Sequence[str], at: datetime) -> list[LastRun]:
    """The newest run of the job itself of each tenant, since when it has been like that, and its quarantine."""
    ended, unended = _read_ended(conn, tenants), _read_unended(conn, tenants, at)
    failing = [tenant for tenant, last in ended.items() if last.outcome and not last.outcome.ends_failures]
    failed_on = _read_own_failures(conn, failing) if failing else {}
    turnouts = _read_turnouts(conn, {night for nights in failed_on.values() for night in nights})
    return [
        replace(
            ended.get(tenant, LastRun(tenant)),
            **unended.get(tenant, {}),
            quarantine=quarantine_of(failed_on.get(tenant, ()), turnouts),
        )
        for tenant in tenants
    ]


def _read_ended(conn: Connection, tenants: Sequence[str]) -> dict[str, LastRun]:
    asked, last = _asked(tenants), sync_run.alias("last")
    row, condition = last.c, _condition(last)
    summary = case((condition != Condition.FINE.value, row.summary))  # what went well needs no words
    found = (
        select(row.tenant, row.outcome, row.as_of, row.refreshed_on, _since(asked, condition), summary)
        .select_from(asked)
        .join(last, row.run_id == _newest(asked, sync_run.alias("ended"), has_ended=True))
    )
    return {tenant: _last_run(tenant, *values) for tenant, *values in conn.execute(found)}


def _last_run(
    tenant: str, outcome: str, as_of: date, refreshed_on: date | None, since: datetime, summary: str | None
) -> LastRun:
    said = SUMMARY.validate_json(summary) if summary else None
    return LastRun(tenant, Outcome(outcome), as_of, since, refreshed_on, said)


def _read_unended(conn: Connection, tenants: Sequence[str], at: datetime) -> dict[str, dict[str, Any]]:
    """Of tenants whose newest run has not ended: when it began, and whether somebody is at it."""
    asked, last, lease = _asked(tenants), sync_run.alias("last"), tenant_lease.c
    found = (
        select(last.c.tenant, last.c.started_at, func.coalesce(lease.expires_at, NEVER))
        .select_from(asked)
        .join(last, last.c.run_id == _newest(asked, sync_run.alias("any")))
        .outerjoin(tenant_lease, lease.tenant == last.c.tenant)
        .where(last.c.outcome.is_(None))
    )
    return {
        tenant: {"unended_at": started_at, "is_alive": expires_at > at}
        for tenant, started_at, expires_at in conn.execute(found)
    }


def _read_own_failures(conn: Connection, tenants: Sequence[str]) -> dict[str, set[date]]:
    """The nights on which each tenant failed by its own fault since its last run that said anything else."""
    asked, failed, other = _asked(tenants), sync_run.alias("failed"), sync_run.alias("other")
    other_at = _newest_at(asked, other, other.c.outcome.in_(ENDS_FAILURES))
    found = (
        select(failed.c.tenant, failed.c.as_of, failed.c.started_at, failed.c.summary)
        .select_from(asked)
        .join(failed, failed.c.tenant == asked.c.tenant)
        .where(*_is_job(failed), failed.c.outcome == Outcome.FAILED.value, failed.c.started_at > other_at)
    )
    nights: defaultdict[str, set[date]] = defaultdict(set)
    for tenant, as_of, started_at, summary in conn.execute(found):
        if is_its_own(SUMMARY.validate_json(summary)):
            # a run by hand for a day far ahead must not put the next attempt off until then
            nights[tenant].add(min(as_of, started_at.date() + timedelta(days=1)))
    return nights


def _read_turnouts(conn: Connection, nights: Collection[date]) -> dict[date, Turnout]:
    """Of each night, how many tenants ran, and how many of them had nothing but failed runs."""
    row = sync_run.c
    fared = (
        select(row.as_of, row.tenant, func.min(case((row.outcome == Outcome.FAILED.value, 1), else_=0)).label("failed"))
        .where(row.kind == RunKind.SYNC.value, row.outcome.is_not(None), row.as_of.in_(nights))
        .group_by(row.as_of, row.tenant)
        .subquery()
    )
    counted = select(fared.c.as_of, func.count(), func.sum(fared.c.failed)).group_by(fared.c.as_of)
    return {night: Turnout(ran, failed) for night, ran, failed in conn.execute(counted)} if nights else {}


def _asked(tenants: Sequence[str]) -> CTE:
    return values(column("tenant", Text)).data([(tenant,) for tenant in tenants]).cte("asked")


def _is_job(run: NamedFromClause) -> tuple[ColumnElement[bool], ...]:
    return (run.c.kind == RunKind.SYNC.value,)


def _condition(run: NamedFromClause) -> ColumnElement[str]:
    """How a tenant fares after a run: a streak goes on as long as that stays the same."""
    return case(CONDITIONS, value=run.c.outcome)


def _newest(asked: CTE, run: NamedFromClause, *, has_ended: bool = False) -> ScalarSelect[str]:
    """The id of a tenant's newest run of the job itself, found by the index of its tenant."""
    which = (run.c.outcome.is_not(None),) if has_ended else ()
    mine = select(run.c.run_id).where(run.c.tenant == asked.c.tenant, *_is_job(run), *which)
    return _first(run, mine, run.c.started_at.desc(), run.c.run_id.desc())


def _newest_at(asked: CTE, run: NamedFromClause, *which: ColumnElement[bool]) -> ColumnElement[datetime]:
    mine = select(run.c.started_at).where(run.c.tenant == asked.c.tenant, *_is_job(run), *which)
    return func.coalesce(_first(run, mine, run.c.started_at.desc()), NEVER)


def _since(asked: CTE, condition: ColumnElement[str]) -> ScalarSelect[datetime]:
    """When the first run began of the streak that the newest one is the last of."""
    other, first = sync_run.alias("other"), sync_run.alias("first")
    other_at = _newest_at(asked, other, _condition(other) != condition)
    mine = (first.c.tenant == asked.c.tenant, *_is_job(first), first.c.outcome.is_not(None))
    return _first(first, select(first.c.started_at).where(*mine, first.c.started_at > other_at), first.c.started_at)


def _first(run: NamedFromClause, rows: Select[Any], *order: ColumnElement[Any]) -> ScalarSelect[Any]:
    return rows.order_by(*order).limit(1).correlate_except(run).scalar_subquery()
