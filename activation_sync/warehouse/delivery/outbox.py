"""What is still to be told to Graph. A row's state changes through `move` alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from activation_sync.core.model import NOT_REPORTED, Change, Key, Plan
from activation_sync.core.rule.delivery import CountUpdate
from activation_sync.core.runs.outcome import WENT_THROUGH, RunKind
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.measures import counts_of, measures_of
from activation_sync.warehouse.database.tables import ledger, outbox, sync_base, sync_run
from activation_sync.warehouse.ledger.ledger import record_sent

ACKNOWLEDGED = tuple(measures_of(NOT_REPORTED, "acknowledged_"))
OF_KEY = and_(
    sync_base.c.tenant == outbox.c.tenant,
    sync_base.c.refreshed_on == outbox.c.refreshed_on,
    sync_base.c.product == outbox.c.product,
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One update on its way to Graph.

    attempts: answers Graph gave that were about this row. in_doubt: when it was read, an earlier PATCH of its key had
    left with unknown outcome.
    """

    id: int
    update: CountUpdate
    attempts: int
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An update Graph refused for good, with the answer it gave."""

    id: int
    update: CountUpdate
    attempts: int
    status: int | None
    request_id: str | None
    answer: str | None
    updated_at: datetime


def read_pending(conn: Connection, tenant: str) -> list[OutboxRow]:
    """What is to be sent, oldest first."""
    return _read(conn, outbox.c.tenant == tenant, outbox.c.state == OutboxState.PENDING)


def read_acknowledged(conn: Connection, tenant: str, run_id: str) -> list[OutboxRow]:
    """What Graph acknowledged and nobody has read back: to this run, and to those before it that never got that far."""
    row = ledger.c
    is_open = or_(row.run_id == run_id, row.run_id.in_(_runs_since_reading_back(tenant)))
    answered = select(row.outbox_id).where(row.tenant == tenant, is_open, row.kind == LedgerKind.ANSWER)
    return _read(conn, outbox.c.id.in_(answered), outbox.c.state == OutboxState.ACKNOWLEDGED)


def read_dead(conn: Connection, tenant: str) -> list[DeadLetter]:
    """The dead letters that no newer plan replaced, oldest first."""
    is_dead = (outbox.c.tenant == tenant, outbox.c.state == OutboxState.DEAD)
    return [
        DeadLetter(
            id=row["id"],
            update=_update(row),
            attempts=row["attempts"],
            status=row["status"],
            request_id=row["request_id"],
            answer=row["answer"],
            updated_at=row["updated_at"],
        )
        for row in conn.execute(select(outbox).where(*is_dead).order_by(outbox.c.id)).mappings()
    ]


def count_by_state(conn: Connection, tenant: str) -> dict[OutboxState, int]:
    """Rows in each state, 0 included."""
    counted = select(outbox.c.state, func.count()).where(outbox.c.tenant == tenant).group_by(outbox.c.state)
    return dict.fromkeys(OutboxState, 0) | {OutboxState(state): rows for state, rows in conn.execute(counted)}


def mark_in_doubt(conn: Connection, rows: Sequence[OutboxRow], stamp: Stamp) -> None:
    """Note that a PATCH of these rows is about to leave. To be committed before it does."""
    if rows:
        _note_sent(conn, [row.id for row in rows], stamp)
        sent = select(outbox.c.tenant, outbox.c.refreshed_on, outbox.c.product).where(outbox.c.id == bindparam("sent"))
        key = tuple_(sync_base.c.tenant, sync_base.c.refreshed_on, sync_base.c.product)
        conn.execute(update(sync_base).where(key.in_(sent)).values(in_doubt=True), [{"sent": row.id} for row in rows])


def replace_pending(conn: Connection, plan: Plan, stamp: Stamp) -> dict[Key, int]:
    """Make the plan's pushes what is pending for its keys; returns their ids.

    What was pending for another value, or for a key that is not pushed now, is superseded, and so is a dead letter
    that gets a second chance. A pending row that says the same stays.
    """
    outdated, new = _difference(conn, plan)
    move(conn, outdated, OutboxState.SUPERSEDED, stamp.at)
    _supersede_dead(conn, plan.tenant, new, stamp.at)
    moments = {"created_at": stamp.at, "updated_at": stamp.at}
    _insert(conn, new.values(), {"tenant": plan.tenant, "run_id": stamp.run_id, **moments})
    return {key: row["id"] for key, row in _read_pending_of(conn, plan).items()}


def is_queued(conn: Connection, plan: Plan) -> bool:
    """True when the outbox already says what this plan would have it say."""
    outdated, new = _difference(conn, plan)
    return not outdated and not new


def _difference(conn: Connection, plan: Plan) -> tuple[list[int], dict[Key, dict[str, Any]]]:
    """Which pending rows the plan makes outdated, and what it adds."""
    pending = _read_pending_of(conn, plan)
    wanted = {change.key: _content(change) for change in plan.changes if change.is_pushed}
    outdated = [row["id"] for key, row in pending.items() if not _says(row, wanted.get(key))]
    return outdated, {key: content for key, content in wanted.items() if not _says(pending.get(key), content)}


def move(conn: Connection, ids: Iterable[int], state: OutboxState, at: datetime, **noted: Any) -> None:
    """Bring outbox rows to another state; `noted` are further columns, the same for all of them."""
    moved = [{"moved": id_} for id_ in ids]
    if moved:
        change = update(outbox).where(outbox.c.id == bindparam("moved"))
        conn.execute(change.values(state=state, updated_at=at, **noted), moved)


def _runs_since_reading_back(tenant: str) -> Select[tuple[str]]:
    row, whole = sync_run.c, sync_run.alias().c
    newest = (
        select(func.max(whole.started_at))
        .where(whole.tenant == tenant, whole.kind == RunKind.SYNC, whole.outcome.in_(WENT_THROUGH))
        .scalar_subquery()
    )
    return select(row.run_id).where(row.tenant == tenant, or_(newest.is_(None), row.started_at > newest))


def _note_sent(conn: Connection, ids: Sequence[int], stamp: Stamp) -> None:
    """The ledger learns of a doubt when it begins, not of every PATCH that leaves in doubt."""
    certain = select(outbox.c.tenant, outbox.c.id, outbox.c.refreshed_on, outbox.c.product).join(sync_base, OF_KEY)
    found = conn.execute(certain.where(outbox.c.id.in_(ids), ~sync_base.c.in_doubt).order_by(outbox.c.id)).all()
    for tenant in {row.tenant for row in found}:
        updates = {row.id: Key(row.refreshed_on, row.product) for row in found if row.tenant == tenant}
        record_sent(conn, tenant, updates, stamp)


def _read(conn: Connection, *which: ColumnElement[bool]) -> list[OutboxRow]:
    newest_id = func.coalesce(sync_base.c.graph_id, outbox.c.graph_id).label("known_graph_id")
    acknowledged = (sync_base.c[name] for name in ACKNOWLEDGED)
    read = select(outbox, newest_id, sync_base.c.in_doubt, *acknowledged).join(sync_base, OF_KEY)
    rows = conn.execute(read.where(*which).order_by(outbox.c.id)).mappings()
    return [OutboxRow(row["id"], _known_update(row), row["attempts"], row["in_doubt"]) for row in rows]


def _known_update(row: RowMapping) -> CountUpdate:
    """The update, with all that we know of its row in Graph."""
    known = (counts_of(row, "published_"), counts_of(row, "acknowledged_"))
    return replace(_update(row, row["known_graph_id"]), known=known)


def _update(row: RowMapping, graph_id: str | None = None) -> CountUpdate:
    key = Key(row["refreshed_on"], row["product"])
    return CountUpdate(key, row["product_type"], counts_of(row), graph_id or row["graph_id"])


def _read_pending_of(conn: Connection, plan: Plan) -> dict[Key, RowMapping]:
    of_tenant = select(outbox).where(outbox.c.tenant == plan.tenant, outbox.c.state == OutboxState.PENDING)
    keys = {change.key for change in plan.changes}
    rows = ((Key(row["refreshed_on"], row["product"]), row) for row in conn.execute(of_tenant).mappings())
    return {key: row for key, row in rows if key in keys}


def _content(change: Change) -> dict[str, Any]:
    """What a row says. The published counts are part of it: acknowledged, they become `published_seen`."""
    return {
        "refreshed_on": change.key.refreshed_on,
        "product": change.key.product,
        "product_type": change.state.product_type,
        "graph_id": change.state.graph_id,
        **measures_of(change.settled),
        **measures_of(change.state.published, "published_"),
    }


def _says(row: RowMapping | None, content: Mapping[str, Any] | None) -> bool:
    return row is not None and content is not None and all(row[name] == value for name, value in content.items())


def _insert(conn: Connection, contents: Iterable[Mapping[str, Any]], header: Mapping[str, Any]) -> None:
    rows = [{**header, "state": OutboxState.PENDING, **content} for content in contents]
    if rows:
        conn.execute(insert(outbox), rows)


def _supersede_dead(conn: Connection, tenant: str, keys: Iterable[Key], at: datetime) -> None:
    of_tenant = select(outbox.c.id, outbox.c.refreshed_on, outbox.c.product).where(
        outbox.c.tenant == tenant, outbox.c.state == OutboxState.DEAD
    )
    replaced = frozenset(keys)
    dead = conn.execute(of_tenant)
    move(conn, [row.id for row in dead if Key(row.refreshed_on, row.product) in replaced], OutboxState.SUPERSEDED, at)
