"""What an answer of Graph means for its outbox row, and for what we remember of its key.

    answer       | the row becomes           | the doubt          | an attempt
    -------------+---------------------------+--------------------+-----------
    acknowledged | acknowledged              | ends               | yes
    different    | pending; dead at the last | stays              | yes
    refused      | dead                      | ends if it was new | yes
    superseded   | superseded                | ends if row seen   | yes
    busy         | pending                   | stays              | no
    not-offered  | pending                   | ends if it was new | no

"New" doubt was raised for this very PATCH, which Graph says it did not apply; older doubt is about another one.
Superseded, the row was left alone because somebody else had changed it. Where it was read, what it shows becomes what
Graph is taken to hold (`acknowledged`), so that the next plan compares with it, and the guards judge it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, select, update

from activation_sync.core.model import Counts, Key, Measure
from activation_sync.core.rule.delivery import Answer, AnswerKind, Delivery, GraphRow, LeftOver, Verification
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.kinds import LedgerKind, OutboxState
from activation_sync.warehouse.database.measures import counts_of, measures_of
from activation_sync.warehouse.database.tables import ledger, outbox, sync_base
from activation_sync.warehouse.delivery.outbox import OutboxRow, count_by_state, move
from activation_sync.warehouse.ledger.ledger import record_answer_of_graph

ANSWER_CHARS = 200
NOT_APPLIED = "accepted but not applied"
LATE, READ_BACK = "late", "read-back"  # beside the kinds of answer, what the ledger's `rule` says of one


class Doubt(Enum):
    """What becomes of the mark "in doubt"."""

    ENDS = auto()
    STAYS = auto()
    ENDS_IF_NEW = auto()


class ReadBack(Enum):
    """What Graph was read back to hold, beside what it acknowledged."""

    SAME = "as sent"
    OTHER = "other values"
    MISSING = "no such row"


@dataclass(frozen=True, slots=True)
class Consequence:
    state: OutboxState
    doubt: Doubt
    is_attempt: bool = True


CONSEQUENCES = {
    AnswerKind.ACKNOWLEDGED: Consequence(OutboxState.ACKNOWLEDGED, Doubt.ENDS),
    AnswerKind.DIFFERENT: Consequence(OutboxState.PENDING, Doubt.STAYS),
    AnswerKind.REFUSED: Consequence(OutboxState.DEAD, Doubt.ENDS_IF_NEW),
    AnswerKind.SUPERSEDED: Consequence(OutboxState.SUPERSEDED, Doubt.STAYS),
    AnswerKind.BUSY: Consequence(OutboxState.PENDING, Doubt.STAYS, is_attempt=False),
    AnswerKind.NOT_OFFERED: Consequence(OutboxState.PENDING, Doubt.ENDS_IF_NEW, is_attempt=False),
}


def record_answer(
    conn: Connection, row: OutboxRow, answer: Answer, stamp: Stamp, *, max_attempts: int = 3
) -> OutboxState:
    """Note Graph's answer to one PATCH; returns the state its outbox row has now.

    row: as it was read before it was marked in doubt.
    """
    stored = conn.execute(select(outbox).where(outbox.c.id == row.id).with_for_update()).mappings().one()
    if stored["state"] != OutboxState.PENDING:
        return _record_late(conn, stored, answer, stamp)
    attempts = stored["attempts"] + CONSEQUENCES[answer.kind].is_attempt
    state, words = _outcome(answer, attempts, max_attempts)
    noted = {"attempts": attempts, "status": answer.status, "request_id": answer.request_id, "answer": words}
    move(conn, [row.id], state, stamp.at, **noted)
    moved = _remember(conn, stored, answer, was_in_doubt=row.in_doubt)
    if answer.kind is not AnswerKind.BUSY:
        said = _said(answer) | {"rule": answer.kind.value, "note": f"{state}: {words}"}
        said |= {name: moved[name] for name in ("in_doubt", "graph_id") if name in moved}
        for shown in _shown(answer):
            _note(conn, _of(stored), stamp, outbox_id=row.id, **said, **shown)
    return state


def record_read_back(
    conn: Connection,
    tenant: str,
    rows: Iterable[OutboxRow],
    held: Iterable[GraphRow],
    stamp: Stamp,
) -> Verification:
    """Compare what Graph acknowledged with what it gives back; a row that is missing or different is in doubt again.

    held: what Graph was read to hold. What this teaches us goes to the ledger, once.
    """
    sent = {row.update.key: row for row in rows}  # of several updates of one key the last one counts
    found = {one.row.key: (one.row.counts, one.graph_id) for one in held if one.row.key in sent}
    known, different = _read_known(conn, tenant, sent), 0
    for key, row in sent.items():
        seen = _compare(row.update.counts, found.get(key))
        different += seen is not ReadBack.SAME
        if new := _news(known[key], seen, found.get(key)):
            _update_base(conn, tenant, key, new)
            said = {"rule": READ_BACK, "note": f"read back: {seen.value}", **new}
            _note(conn, {"tenant": tenant, **key._asdict()}, stamp, outbox_id=row.id, **said)
    return Verification(confirmed=len(sent) - different, different=different)


def read_delivery(conn: Connection, tenant: str, run_id: str) -> Delivery:
    """What became of the rows that Graph answered to in this run, and how many of the tenant's are still pending."""
    answered = select(ledger.c.outbox_id).where(
        ledger.c.tenant == tenant, ledger.c.run_id == run_id, ledger.c.kind == LedgerKind.ANSWER
    )
    by_state = select(outbox.c.state, func.count()).where(outbox.c.id.in_(answered)).group_by(outbox.c.state)
    counts = {OutboxState(state): rows for state, rows in conn.execute(by_state)}
    return Delivery(
        acknowledged=counts.get(OutboxState.ACKNOWLEDGED, 0),
        dead=counts.get(OutboxState.DEAD, 0),
        superseded=counts.get(OutboxState.SUPERSEDED, 0),
        pending=count_by_state(conn, tenant)[OutboxState.PENDING],
        left_over=tuple(_read_left_over(conn, tenant, run_id)),
    )


def _read_left_over(conn: Connection, tenant: str, run_id: str) -> list[LeftOver]:
    """The rows whose update met another version of Graph's row in this run, unless a newer update was queued since."""
    newer, row = outbox.alias().c, outbox.c
    refused = select(ledger.c.outbox_id).where(
        *(ledger.c.tenant == tenant, ledger.c.run_id == run_id, ledger.c.kind == LedgerKind.ANSWER),
        ledger.c.rule == AnswerKind.SUPERSEDED,
    )
    is_newer = (newer.tenant == row.tenant, newer.refreshed_on == row.refreshed_on, newer.product == row.product)
    has_newer = exists().where(*is_newer, newer.id > row.id)
    found = select(row.refreshed_on, row.product).where(row.id.in_(refused), ~has_newer).order_by(row.id)
    return [LeftOver(day, product) for day, product in conn.execute(found)]


def _outcome(answer: Answer, attempts: int, max_attempts: int) -> tuple[OutboxState, str]:
    """The state a pending row goes to, and the words to remember the answer by."""
    if answer.kind is AnswerKind.DIFFERENT and attempts >= max_attempts:
        return OutboxState.DEAD, f"{NOT_APPLIED}: {answer.message}"[:ANSWER_CHARS]
    return CONSEQUENCES[answer.kind].state, answer.message[:ANSWER_CHARS]


def _record_late(conn: Connection, stored: RowMapping, answer: Answer, stamp: Stamp) -> OutboxState:
    """An answer to a row that is not pending any more decides nothing; recorded twice, it is dropped.

    A newer value may have left for Graph before or after this one arrived there, so what Graph holds is not known:
    `acknowledged` stays, and the key is in doubt, to be sent again with the value that is current then.
    """
    state = OutboxState(stored["state"])
    if stored["request_id"] != answer.request_id:
        _update_base(conn, stored["tenant"], _key(stored), {"in_doubt": True})
        said = {
            "rule": LATE,
            "note": f"late: {answer.kind}, when the row was {state}",
            "in_doubt": True,
            **_said(answer),
        }
        _note(conn, _of(stored), stamp, outbox_id=stored["id"], **said)
    return state


def _remember(conn: Connection, stored: RowMapping, answer: Answer, *, was_in_doubt: bool) -> dict[str, Any]:
    """Move what we remember of the row's key; returns what moved."""
    doubt, moved = CONSEQUENCES[answer.kind].doubt, dict[str, Any]()
    if doubt is Doubt.ENDS or (doubt is Doubt.ENDS_IF_NEW and not was_in_doubt):
        moved["in_doubt"] = False
    held = counts_of(stored) if answer.kind is AnswerKind.ACKNOWLEDGED else answer.seen
    if held is not None:
        moved |= measures_of(held, "acknowledged_")
        moved |= measures_of(counts_of(stored, "published_"), "published_seen_")
        moved |= {"graph_id": answer.graph_id or stored["graph_id"], "in_doubt": False}
    if moved:
        _update_base(conn, stored["tenant"], _key(stored), moved)
    return moved


def _update_base(conn: Connection, tenant: str, key: Key, moved: Mapping[str, Any]) -> None:
    conn.execute(update(sync_base).where(_is_of(tenant, key)).values(**moved))


def _is_of(tenant: str, key: Key) -> ColumnElement[bool]:
    row = sync_base.c
    return and_(row.tenant == tenant, row.refreshed_on == key.refreshed_on, row.product == key.product)


def _shown(answer: Answer) -> list[dict[str, Any]]:
    """What tells a row of the ledger from the next of one answer: a measure each, of what Graph's row shows."""
    if answer.seen is None:
        return [{}]
    return [{"measure": measure, "published": count} for measure, count in zip(Measure, answer.seen, strict=True)]


def _said(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "request_id": answer.request_id}


def _note(conn: Connection, of: Mapping[str, Any], stamp: Stamp, **values: Any) -> None:
    record_answer_of_graph(conn, {**of, **values}, stamp)


def _of(stored: RowMapping) -> dict[str, Any]:
    """Whose row it is, and its key."""
    return {"tenant": stored["tenant"], **_key(stored)._asdict()}


def _read_known(conn: Connection, tenant: str, keys: Iterable[Key]) -> dict[Key, RowMapping]:
    row = sync_base.c
    of_dates = select(sync_base).where(row.tenant == tenant, row.refreshed_on.in_({key.refreshed_on for key in keys}))
    return {_key(values): values for values in conn.execute(of_dates).mappings()}


def _compare(sent: Counts, held: tuple[Counts, str | None] | None) -> ReadBack:
    """What was not sent cannot differ."""
    if held is None:
        return ReadBack.MISSING
    pairs = zip(sent, held[0], strict=True)
    return ReadBack.SAME if all(ours is None or ours == theirs for ours, theirs in pairs) else ReadBack.OTHER


def _news(known: RowMapping, seen: ReadBack, held: tuple[Counts, str | None] | None) -> dict[str, Any]:
    """What reading back teaches of a key that was not known before."""
    new: dict[str, Any] = {} if seen is ReadBack.SAME or known["in_doubt"] else {"in_doubt": True}
    if held and held[1] not in (None, known["graph_id"]):
        new["graph_id"] = held[1]
    return new


def _key(row: RowMapping) -> Key:
    return Key(row["refreshed_on"], row["product"])
