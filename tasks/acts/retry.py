"""A person offers dead letters to Graph again."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from activation_sync.core.model import ConflictPolicy, Key
from activation_sync.core.rule.retry import Retry, plan_retry
from activation_sync.core.runs.outcome import RunKind
from activation_sync.core.runs.summary import RunSummary
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.delivery.outbox import DeadLetter, move, read_dead
from activation_sync.warehouse.ledger.ledger import Act, record_act
from tasks.acts.act import apply_act, open_act
from tasks.run import Run
from tasks.steps.planning import inputs_from
from tasks.wiring import now, open_warehouse, tenant_settings


def read_dead_letters(tenant: str, product: str | None = None, on: date | None = None) -> list[DeadLetter]:
    """The dead letters of a tenant, or of one product or refresh date of it."""
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        return _chosen(read_dead(connection, tenant), product, on)


def retry(tenant: str, product: str | None = None, on: date | None = None) -> tuple[Retry, RunSummary]:
    """Queue the values that are current now in place of dead letters; those no longer needed are closed."""
    with open_act(tenant, RunKind.RETRY) as (run, connection):
        dead = _chosen(read_dead(connection, tenant), product, on)
        policy = ConflictPolicy(tenant_settings(tenant).sync.conflict_policy)
        found = plan_retry(inputs_from(connection, tenant), {letter.update.key for letter in dead}, policy)
        _note(run, connection, dead, found)
        closed = [letter.id for letter in dead if letter.update.key in found.closed]
        move(connection, closed, OutboxState.SUPERSEDED, now())
        return found, apply_act(run, connection, found.plan)


def _chosen(dead: Iterable[DeadLetter], product: str | None, on: date | None) -> list[DeadLetter]:
    return [letter for letter in dead if _is_meant(letter.update.key, product, on)]


def _is_meant(key: Key, product: str | None, on: date | None) -> bool:
    return product in (None, key.product) and on in (None, key.refreshed_on)


def _note(run: Run, connection: Connection, dead: Iterable[DeadLetter], found: Retry) -> None:
    for letter in dead:
        key = letter.update.key
        what = found.unsent.get(key, "queued again with the current value")
        note = f"refused with {letter.status or 'no status'}; {what}"
        record_act(connection, run.tenant, Act("retry", note, key, letter.id), run.stamp())
