"""The append-only record: why each number is what it is, and what Graph answered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from activation_sync.core.model import Change, Decision, Key, Measure, Plan
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.database.tables import ledger
from activation_sync.warehouse.ledger.chain import append_rows

RESTORE = "restore"  # the verb of the act that follows an older backup
JOB, GRAPH = "the job", "graph"  # who stands in the ledger for a PATCH that left, and for its answer
CONTENT = ("refreshed_on", "product", "measure", "agreed", "observed", "warehouse", "published", "rule", "settled")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One decision on one measure of one key in one run; or a PATCH that left, Graph's answer, what a person did.

    warehouse: the value before this run. settled: the value after it. rule: the Decision taken, the AnswerKind, or
    the person's verb. note: Graph's words, or a person's reason. outbox_id: joins a decision to the answers it led to.
    observed_id, published_id: the landed reports it rests on. graph_id: as Graph's answer gave it. in_doubt: whether
    the key was in doubt afterwards; None where the row does not say. written_at, written_by: who had written the
    warehouse row before this run, and when.
    """

    id: int
    at: datetime
    tenant: str
    run_id: str
    who: str
    kind: LedgerKind
    refreshed_on: date | None = None
    product: str | None = None
    measure: str | None = None
    agreed: int | None = None
    observed: int | None = None
    warehouse: int | None = None
    published: int | None = None
    rule: str | None = None
    settled: int | None = None
    outbox_id: int | None = None
    status: int | None = None
    request_id: str | None = None
    note: str | None = None
    observed_id: str | None = None
    published_id: str | None = None
    graph_id: str | None = None
    in_doubt: bool | None = None
    written_at: datetime | None = None
    written_by: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did.

    verb: one word, as the command is called (resolve, retry, revert, approve). note: what, and why. key: the row it is
    about, if it is about one; refreshed_on: the date, if it is about all rows of one. outbox_id: the dead letter that
    it offers again.
    """

    verb: str
    note: str
    key: Key | None = None
    outbox_id: int | None = None
    refreshed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Restoration:
    """A restore from an older backup. note: names the head that was lost with it."""

    at: datetime
    who: str
    note: str


def read_why(conn: Connection, tenant: str, product: str, refreshed_on: date | None = None) -> list[LedgerRow]:
    """The chain of decisions and answers behind a product's numbers, oldest first; of its newest date by default."""
    row = ledger.c
    of_product = (row.tenant == tenant, row.product == product)
    newest = select(func.max(row.refreshed_on)).where(*of_product).scalar_subquery()
    day = newest if refreshed_on is None else refreshed_on
    found = conn.execute(select(ledger).where(*of_product, row.refreshed_on == day).order_by(row.id)).mappings()
    return [_ledger_row(values) for values in found]


def read_known(conn: Connection, tenant: str) -> dict[str, list[date]]:
    """The products that the ledger knows of a tenant, and the refresh dates of each."""
    row, known = ledger.c, dict[str, list[date]]()
    keys = select(row.product, row.refreshed_on).where(row.tenant == tenant, row.product.is_not(None)).distinct()
    for product, refreshed_on in conn.execute(keys.order_by(row.product, row.refreshed_on)):
        known.setdefault(product, []).append(refreshed_on)
    return known


def _ledger_row(row: RowMapping) -> LedgerRow:
    values = {field.name: row[field.name] for field in fields(LedgerRow)}
    return LedgerRow(**{**values, "kind": LedgerKind(values["kind"])})


def record_decisions(
    conn: Connection,
    plan: Plan,
    outbox_ids: Mapping[Key, int],
    present: Mapping[Key, RowMapping],
    stamp: Stamp,
    note: str | None = None,
) -> None:
    """Note every measure of every change; of a change that this run noted last in the same words, nothing.

    present: the warehouse rows as they were before this run. note: why a person had it run.
    """
    noted = _read_noted(conn, plan, stamp.run_id)
    header = {**asdict(stamp), "tenant": plan.tenant, "kind": LedgerKind.DECISION, "note": note}
    rows: list[dict[str, Any]] = []
    for change in plan.changes:
        decisions = list(_decisions(change))
        if noted.get(change.key) != [tuple(values[name] for name in CONTENT) for values in decisions]:
            found = {"outbox_id": outbox_ids.get(change.key), **_written(present.get(change.key))}
            rows += ({**header, **values, **found} for values in decisions)
    append_rows(conn, plan.tenant, rows)


def record_sent(conn: Connection, tenant: str, updates: Mapping[int, Key], stamp: Stamp) -> None:
    """Note that PATCHes are about to leave of keys that were not in doubt. updates: by their outbox ids."""
    header = {**asdict(stamp.by(JOB)), "tenant": tenant, "kind": LedgerKind.SENT, "in_doubt": True}
    keys = (
        {"refreshed_on": key.refreshed_on, "product": key.product, "outbox_id": id_} for id_, key in updates.items()
    )
    append_rows(conn, tenant, [{**header, **key} for key in keys])


def record_answer_of_graph(conn: Connection, values: Mapping[str, Any], stamp: Stamp) -> None:
    """Note one answer. values: `tenant`, the key, `outbox_id`, `rule`, `note`, and what it says and moves."""
    append_rows(conn, values["tenant"], [{**asdict(stamp.by(GRAPH)), "kind": LedgerKind.ANSWER, **values}])


def record_act(conn: Connection, tenant: str, act: Act, stamp: Stamp) -> None:
    """Note what a person did, in the run it is about.

    What it writes to the warehouse or to memory is a decision of its own (`apply_plan`).
    """
    key = act.key._asdict() if act.key else {"refreshed_on": act.refreshed_on}
    said = {"rule": act.verb, "note": act.note, "outbox_id": act.outbox_id, **key}
    append_rows(conn, tenant, [{**asdict(stamp), "tenant": tenant, "kind": LedgerKind.PERSON, **said}])


def record_doubts(conn: Connection, tenant: str, keys: Iterable[Key], act: Act, stamp: Stamp) -> None:
    """Note that a person's act left these keys in doubt, as a row of the ledger each."""
    said = {"kind": LedgerKind.PERSON, "rule": act.verb, "note": act.note, "in_doubt": True}
    append_rows(conn, tenant, [{**asdict(stamp), "tenant": tenant, **said, **key._asdict()} for key in keys])


def read_restorations(conn: Connection, tenant: str) -> tuple[Restoration, ...]:
    """How often the warehouse was restored from an older backup, the first time first."""
    row = ledger.c
    whole = (row.tenant == tenant, row.kind == LedgerKind.PERSON, row.rule == RESTORE, row.product.is_(None))
    found = conn.execute(select(row.at, row.who, row.note).where(*whole).order_by(row.id))
    return tuple(Restoration(*restoration) for restoration in found)


def _read_noted(conn: Connection, plan: Plan, run_id: str) -> dict[Key, list[tuple[Any, ...]]]:
    """What this run noted last of each key on the plan's dates, a tuple a measure."""
    row, noted = ledger.c, dict[Key, list[tuple[Any, ...]]]()
    days = {change.key.refreshed_on for change in plan.changes}
    is_decision = (row.tenant == plan.tenant, row.run_id == run_id, row.kind == LedgerKind.DECISION)
    of_run = select(ledger).where(*is_decision, row.refreshed_on.in_(days))
    for values in conn.execute(of_run.order_by(row.id)).mappings():
        key = Key(values["refreshed_on"], values["product"])
        noted[key] = [*noted.get(key, []), tuple(values[name] for name in CONTENT)][-len(Measure) :]
    return noted


def _written(row: RowMapping | None) -> dict[str, Any]:
    return {} if row is None else {"written_at": row["updated_at"], "written_by": row["updated_by"]}


def _decisions(change: Change) -> Iterator[dict[str, Any]]:
    state = change.state
    sides = zip(
        Measure,
        state.agreed,
        state.observed,
        state.warehouse,
        change.published,
        change.decisions,
        change.settled,
        strict=True,
    )
    for measure, agreed, observed, warehouse, published, rule, settled in sides:
        if change.is_resolved and rule is Decision.CONFLICT:
            continue  # a row with a conflict moved nothing; of this one a person moved the other measures
        yield {
            "refreshed_on": change.key.refreshed_on,
            "product": change.key.product,
            "measure": measure.value,
            "agreed": agreed,
            "observed": observed,
            "warehouse": warehouse,
            "published": published,
            "rule": rule.value,
            "settled": settled,
            "observed_id": state.observed_id,
            "published_id": state.published_id,
        }
