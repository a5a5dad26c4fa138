"""The append-only record: why each number is what it is, and what Graph answered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from activation_sync.core.model import Change, Key, Measure, Plan
from activation_sync.warehouse.tables import ledger

CONTENT = ("refreshed_on", "product", "measure", "agreed", "observed", "warehouse", "published", "rule", "settled")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One decision on one measure of one key in one run, or one answer of Graph (measure None).

    warehouse: the value before this run. settled: the value after it. rule: the Decision taken. note: Graph's words, or
    why a person had the decision made. outbox_id: joins a decision to the answers it led to. observed_id,
    published_id: the landed reports it rests on.
    """

    id: int
    at: datetime
    tenant: str
    run_id: str
    who: str
    kind: str
    refreshed_on: date
    product: str
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


def read_why(conn: Connection, tenant: str, product: str, refreshed_on: date | None = None) -> list[LedgerRow]:
    """The chain of decisions and answers behind a product's numbers, oldest first; of its newest date by default."""
    row = ledger.c
    of_product = (row.tenant == tenant, row.product == product)
    newest = select(func.max(row.refreshed_on)).where(*of_product).scalar_subquery()
    day = newest if refreshed_on is None else refreshed_on
    found = conn.execute(select(ledger).where(*of_product, row.refreshed_on == day).order_by(row.id)).mappings()
    return [LedgerRow(**{field.name: values[field.name] for field in fields(LedgerRow)}) for values in found]


def record_decisions(
    conn: Connection,
    plan: Plan,
    outbox_ids: Mapping[Key, int],
    *,
    run_id: str,
    who: str,
    at: datetime,
    note: str | None = None,
) -> None:
    """Note every measure of every change. What this run noted before, to the same content, is not noted twice."""
    row, days = ledger.c, {change.key.refreshed_on for change in plan.changes}
    of_run = select(*(row[name] for name in CONTENT)).where(
        row.tenant == plan.tenant, row.run_id == run_id, row.kind == "decision", row.refreshed_on.in_(days)
    )
    noted = {tuple(row) for row in conn.execute(of_run)}
    header = {"at": at, "tenant": plan.tenant, "run_id": run_id, "who": who, "kind": "decision", "note": note}
    rows = [
        {**header, **values, "outbox_id": outbox_ids.get(change.key)}
        for change in plan.changes
        for values in _decisions(change)
        if tuple(values[name] for name in CONTENT) not in noted
    ]
    if rows:
        conn.execute(insert(ledger), rows)


def record_answer_of_graph(conn: Connection, values: Mapping[str, Any]) -> None:
    """Note one answer: `at`, `tenant`, `run_id`, the key, `outbox_id`, `status`, `request_id` and `note`."""
    conn.execute(insert(ledger), {"kind": "answer", "who": "graph", **values})


def _decisions(change: Change) -> Iterator[dict[str, Any]]:
    state = change.state
    sides = zip(
        Measure,
        state.agreed.as_tuple(),
        state.observed.as_tuple(),
        state.warehouse.as_tuple(),
        change.published.as_tuple(),
        change.decisions,
        change.settled.as_tuple(),
        strict=True,
    )
    for measure, agreed, observed, warehouse, published, rule, settled in sides:
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
