"""Which runs there were, and what each came to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter
from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from activation_sync.core.rule.approvals import HeldPlan
from activation_sync.core.runs.outcome import WENT_THROUGH, Outcome, RunKind
from activation_sync.core.runs.summary import RunSummary, fields_of
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.tables import sync_run
from activation_sync.warehouse.database.upsert import insert_or_update

# As its facts, flat: views read them, and a row stays readable whatever the summary holds them in.
SUMMARY: TypeAdapter[RunSummary] = TypeAdapter(
    Annotated[RunSummary, BeforeValidator(fields_of), PlainSerializer(lambda summary: summary.facts)]
)
SHOWN_HELD = 10
NOT_ENDED = ("ended_at", "outcome", "refreshed_on", "digest", "summary")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, or what a person did.

    as_of: the day it ran for. reason: why a person started it; a nightly run has none. ended_at, outcome, summary: None
    while it runs, or when it was killed. digest: of the plan that was applied or held; empty when there was none.
    """

    run_id: str
    tenant: str
    as_of: date
    who: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    summary: RunSummary | None = None
    kind: RunKind = RunKind.SYNC
    digest: str = ""
    reason: str | None = None


def record_run_started(
    conn: Connection,
    tenant: str,
    as_of: date,
    stamp: Stamp,
    kind: RunKind = RunKind.SYNC,
    reason: str | None = None,
) -> None:
    """Note that a run began; begun again, it has not ended."""
    started = {
        "run_id": stamp.run_id,
        "tenant": tenant,
        "kind": kind.value,
        "as_of": as_of,
        "who": stamp.who,
        "reason": reason,
        "started_at": stamp.at,
    }
    again = ("started_at", "who", "reason", *NOT_ENDED)
    conn.execute(insert_or_update(conn, sync_run, again), [started | dict.fromkeys(NOT_ENDED)])


def record_run(conn: Connection, summary: RunSummary, *, at: datetime) -> None:
    """Note how a run that was recorded as started ended."""
    ended = {
        "ended_at": at,
        "outcome": summary.outcome.value,
        "refreshed_on": summary.plan.observed_on,
        "digest": summary.plan.digest,
        "summary": SUMMARY.dump_json(summary).decode(),
    }
    conn.execute(update(sync_run).where(sync_run.c.run_id == summary.run_id).values(ended))


def read_last_run(conn: Connection, tenant: str) -> RunRecord | None:
    """The run of the job itself that was started last."""
    found = _read(conn, sync_run.c.tenant == tenant, sync_run.c.kind == RunKind.SYNC.value, limit=1)
    return next(iter(found), None)


def read_troubles(conn: Connection, tenant: str, kind: RunKind) -> dict[str, int]:
    """What was amiss after the tenant's last run of this kind that came to an end; nothing before the first."""
    row = sync_run.c
    ended = select(sync_run).where(row.tenant == tenant, row.kind == kind.value, row.ended_at.is_not(None))
    last = conn.execute(ended.order_by(row.ended_at.desc(), row.run_id.desc()).limit(1)).mappings().first()
    summary = _run(last).summary if last else None
    return summary.troubles if summary else {}


def record_troubles(conn: Connection, last: RunSummary) -> None:
    """Note with a tenant's last run what is amiss since, so that the next run finds it there (`read_troubles`)."""
    amiss = SUMMARY.dump_json(last).decode()
    conn.execute(update(sync_run).where(sync_run.c.run_id == last.run_id).values(summary=amiss))


def read_runs(conn: Connection, tenant: str, limit: int) -> list[RunRecord]:
    """Runs of a tenant, and what people did, the newest first."""
    return _read(conn, sync_run.c.tenant == tenant, limit=limit)


def find_runs(conn: Connection, beginning: str, limit: int = 2) -> list[RunRecord]:
    """The runs of any tenant whose id begins so, the newest first."""
    return _read(conn, sync_run.c.run_id.startswith(beginning, autoescape=True), limit=limit)


def read_held_plans(conn: Connection, tenants: Collection[str], beginning: str = "") -> list[HeldPlan]:
    """The plans that runs of these tenants were held with and whose digest begins so, each once, the newest first."""
    row, at = sync_run.c, func.max(sync_run.c.started_at).label("at")
    held = (row.tenant.in_(tenants), row.outcome == Outcome.HELD.value, row.digest != "")
    begin_so = row.digest.startswith(beginning, autoescape=True)
    each = select(row.tenant, row.digest, at).where(*held, begin_so).group_by(row.tenant, row.digest)
    return [HeldPlan(*plan) for plan in conn.execute(each.order_by(at.desc(), row.digest).limit(SHOWN_HELD))]


def read_run_tenants(conn: Connection) -> list[str]:
    """The tenants of which any run is on record."""
    return list(conn.scalars(select(sync_run.c.tenant).distinct().order_by(sync_run.c.tenant)))


def has_gone_through(conn: Connection, tenant: str) -> bool:
    """True when a run of the tenant did all its steps: the first such run leaves rows in the ledger."""
    return bool(_read(conn, sync_run.c.tenant == tenant, sync_run.c.outcome.in_(WENT_THROUGH), limit=1))


def read_recorded_head(conn: Connection, tenant: str) -> str:
    """The head of the ledger as the last run that did all its steps recorded it, which notes it next; or nothing."""
    row = sync_run.c
    went_through = (row.kind == RunKind.SYNC.value, row.outcome.in_(WENT_THROUGH))
    last = next(iter(_read(conn, row.tenant == tenant, *went_through, limit=1)), None)
    return last.summary.head if last and last.summary else ""


def is_night_done(conn: Connection, tenant: str, night: date) -> bool:
    """True when a run went through all its steps that counts for this night."""
    return bool(_read(conn, sync_run.c.tenant == tenant, *went_well(night), limit=1))


def went_well(night: date) -> tuple[ColumnElement[bool], ...]:
    """Runs of the job itself, for this night or the next, that went through all their steps.

    The next one counts because runs by hand count their days in UTC. Later ones do not: someone may have run the job
    for a day in the far future, which must not silence the nights until then.
    """
    row = sync_run.c
    well = row.outcome.in_(WENT_THROUGH)
    return row.kind == RunKind.SYNC.value, row.as_of.between(night, night + timedelta(days=1)), well


def _read(conn: Connection, *which: ColumnElement[bool], limit: int) -> list[RunRecord]:
    newest_first = select(sync_run).where(*which).order_by(sync_run.c.started_at.desc(), sync_run.c.run_id.desc())
    return [_run(values) for values in conn.execute(newest_first.limit(limit)).mappings()]


def _run(row: RowMapping) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        tenant=row["tenant"],
        as_of=row["as_of"],
        who=row["who"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        summary=SUMMARY.validate_json(row["summary"]) if row["summary"] else None,
        kind=RunKind(row["kind"]),
        digest=row["digest"] or "",
        reason=row["reason"],
    )
