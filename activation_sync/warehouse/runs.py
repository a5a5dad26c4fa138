"""Which runs there were, and what each came to."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, Select, select, update

from activation_sync.core.run import Outcome, RunSummary
from activation_sync.warehouse.tables import sync_run
from activation_sync.warehouse.upsert import insert_or_update

SUMMARY = TypeAdapter(RunSummary)
NOT_ENDED = ("ended_at", "outcome", "refreshed_on", "digest", "summary")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run.

    as_of: the day it ran for. reason: why a person started it; a nightly run has none. ended_at, outcome, summary: None
    while it runs, or when it was killed.
    """

    run_id: str
    tenant: str
    as_of: date
    who: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    summary: RunSummary | None = None
    reason: str | None = None


def record_run_started(
    conn: Connection, *, tenant: str, run_id: str, as_of: date, who: str, at: datetime, reason: str | None = None
) -> None:
    """Note that a run began; begun again, it has not ended."""
    started = {"run_id": run_id, "tenant": tenant, "as_of": as_of, "who": who, "reason": reason, "started_at": at}
    again = ("started_at", "who", "reason", *NOT_ENDED)
    conn.execute(insert_or_update(conn, sync_run, again), [started | dict.fromkeys(NOT_ENDED)])


def record_run(conn: Connection, summary: RunSummary, *, at: datetime) -> None:
    """Note how a run that was recorded as started ended."""
    ended = {
        "ended_at": at,
        "outcome": summary.outcome.value,
        "refreshed_on": summary.refreshed_on,
        "digest": summary.digest,
        "summary": SUMMARY.dump_json(summary).decode(),
    }
    conn.execute(update(sync_run).where(sync_run.c.run_id == summary.run_id).values(ended))


def read_last_run(conn: Connection, tenant: str) -> RunRecord | None:
    """The nightly run that was started last; what a person replays says nothing about tonight."""
    newest = _newest_first(tenant).where(sync_run.c.reason.is_(None)).limit(1)
    found = conn.execute(newest).mappings().first()
    return None if found is None else _run(found)


def read_runs(conn: Connection, tenant: str, limit: int) -> list[RunRecord]:
    """Runs of a tenant, the newest first."""
    return [_run(values) for values in conn.execute(_newest_first(tenant).limit(limit)).mappings()]


def _newest_first(tenant: str) -> Select[Any]:
    row = sync_run.c
    return select(sync_run).where(row.tenant == tenant).order_by(row.started_at.desc(), row.run_id.desc())


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
        reason=row["reason"],
    )
