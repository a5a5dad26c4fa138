"""One transaction that makes a plan true: warehouse, memory, outbox and ledger together, or none of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, select

from activation_sync.core.model import NOT_REPORTED, Change, Counts, Key, Measure, Plan
from activation_sync.core.phrases import rows_words
from activation_sync.core.rule.decide import memory_after
from activation_sync.core.stamp import Stamp
from activation_sync.errors import PlanMovedError
from activation_sync.warehouse.database.measures import counts_of, measures_of
from activation_sync.warehouse.database.tables import activation_user_count, sync_base
from activation_sync.warehouse.database.upsert import insert_or_ignore, insert_or_update
from activation_sync.warehouse.delivery.outbox import replace_pending
from activation_sync.warehouse.ledger.ledger import record_decisions

WRITTEN = (*Measure, "updated_at", "updated_by")
REMEMBERED = (
    "product_type",
    *(f"{memory}{measure}" for memory in ("agreed_", "observed_seen_") for measure in Measure),
)


KNOWN = (
    "graph_id",
    *(
        f"{kept}{measure}"
        for kept in ("agreed_", "observed_seen_", "acknowledged_", "published_seen_")
        for measure in Measure
    ),
)


def apply_plan(conn: Connection, plan: Plan, stamp: Stamp, note: str | None = None) -> None:
    """Write what a plan settled on. note: stands beside each of its decisions in the ledger.

    A held conflict moves nothing we remember: it is noted, and what was pending for its key is withdrawn.
    Raises PlanMovedError when somebody edited a row since the plan was made; roll back, and plan again. Repeating an
    applied plan either raises that or ends in the same rows.
    """
    present = _lock_rows(conn, plan)
    _refuse_moved(plan, sum(_counts(present, change.key) != change.state.warehouse for change in plan.changes))
    settled = [change for change in plan.changes if change.is_resolved or not change.is_conflict]
    written = [change for change in settled if change.is_written]
    _delete(conn, plan.tenant, [change.key for change in written if change.settled.is_absent])
    written = [change for change in written if not change.settled.is_absent]
    rows = {change.key: _warehouse_row(plan, change, stamp) for change in written}
    _refuse_moved(plan, len(rows) - _write(conn, rows, present))
    _remember(conn, plan, settled)
    outbox_ids = replace_pending(conn, plan, stamp)
    record_decisions(conn, plan, outbox_ids, present, stamp, note)


def _lock_rows(conn: Connection, plan: Plan) -> dict[Key, RowMapping]:
    """The warehouse rows of the plan's refresh dates; nobody else can edit them until we commit."""
    row = activation_user_count.c
    dates = {change.key.refreshed_on for change in plan.changes}
    of_plan = select(activation_user_count).where(row.tenant == plan.tenant, row.refreshed_on.in_(dates))
    rows = conn.execute(of_plan.with_for_update()).mappings()
    return {Key(values["refreshed_on"], values["product"]): values for values in rows}


def _counts(present: Mapping[Key, RowMapping], key: Key) -> Counts:
    return counts_of(present[key]) if key in present else NOT_REPORTED


def _refuse_moved(plan: Plan, moved: int) -> None:
    if moved:
        raise PlanMovedError(
            f"edited in the warehouse since the plan was made: {moved} of {rows_words(len(plan.changes))} of "
            f"{plan.tenant}; nothing was written, plan again"
        )


def _write(conn: Connection, rows: dict[Key, dict[str, Any]], present: Collection[Key]) -> int:
    """How many rows were written; fewer than given when somebody added one of them, which no lock prevents."""
    edited = [values for key, values in rows.items() if key in present]
    added = [values for key, values in rows.items() if key not in present]
    if edited:
        conn.execute(insert_or_update(conn, activation_user_count, WRITTEN), edited)
    if not added:
        return len(edited)
    addition = insert_or_ignore(conn, activation_user_count).returning(activation_user_count.c.product)
    return len(edited) + len(conn.execute(addition, added).all())


def _delete(conn: Connection, tenant: str, keys: Sequence[Key]) -> None:
    """Rows on which nothing is settled any more, as a withdrawn report leaves them."""
    row = activation_user_count.c
    for key in keys:
        of_key = (row.tenant == tenant, row.refreshed_on == key.refreshed_on, row.product == key.product)
        conn.execute(delete(activation_user_count).where(*of_key))


def _warehouse_row(plan: Plan, change: Change, stamp: Stamp) -> dict[str, Any]:
    return {**_key_of(plan, change), **measures_of(change.settled), "updated_at": stamp.at, "updated_by": stamp.who}


def _remember(conn: Connection, plan: Plan, settled: Sequence[Change]) -> None:
    """Move `agreed` and `observed_seen`; doubt and what Graph acknowledged move with its answers alone."""
    if settled:
        rows = [_memory_row(plan, change) for change in settled]
        conn.execute(insert_or_update(conn, sync_base, REMEMBERED), rows)
    _forget(conn, plan.tenant, [change.key for change in settled if change.settled.is_absent])


def _forget(conn: Connection, tenant: str, keys: Sequence[Key]) -> None:
    """Keys of which nothing is left to remember, not even what Graph was sent."""
    row = sync_base.c
    is_blank = and_(*(row[name].is_(None) for name in KNOWN), ~row.in_doubt)
    for key in keys:
        of_key = (row.tenant == tenant, row.refreshed_on == key.refreshed_on, row.product == key.product)
        conn.execute(delete(sync_base).where(*of_key, is_blank))


def _memory_row(plan: Plan, change: Change) -> dict[str, Any]:
    agreed, seen = memory_after(change)
    return {
        **_key_of(plan, change),
        "product_type": change.state.product_type,
        **measures_of(agreed, "agreed_"),
        **measures_of(seen, "observed_seen_"),
    }


def _key_of(plan: Plan, change: Change) -> dict[str, Any]:
    return {"tenant": plan.tenant, "refreshed_on": change.key.refreshed_on, "product": change.key.product}
