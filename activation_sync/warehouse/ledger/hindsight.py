"""What the ledger's decisions tell afterwards: since when a conflict is open, and what a run did to each row."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from activation_sync.core.model import Decision, Key, Measure
from activation_sync.core.rule.revert import Effect
from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.database.tables import ledger

OF_MEASURE = (ledger.c.refreshed_on, ledger.c.product, ledger.c.measure)


def read_conflict_starts(
    conn: Connection, tenant: str, products: Collection[str]
) -> dict[tuple[Key, Measure], datetime]:
    """When each measure was first found in conflict, since it was last settled."""
    row = ledger.c
    decided = (row.tenant == tenant, row.product.in_(products), row.kind == LedgerKind.DECISION)
    settled = (
        select(*OF_MEASURE, func.max(row.id).label("id"))
        .where(*decided, row.rule != Decision.CONFLICT)
        .group_by(*OF_MEASURE)
        .subquery()
    )
    same_measure = and_(*(column == settled.c[column.name] for column in OF_MEASURE))
    open_since = (
        select(*OF_MEASURE, func.min(row.at).label("began_at"))
        .select_from(ledger.outerjoin(settled, same_measure))
        .where(*decided, row.rule == Decision.CONFLICT, row.id > func.coalesce(settled.c.id, 0))
        .group_by(*OF_MEASURE)
    )
    return {
        (Key(found.refreshed_on, found.product), Measure(found.measure)): found.began_at
        for found in conn.execute(open_since)
    }


def read_effects(conn: Connection, tenant: str, run_id: str) -> dict[Key, Effect]:
    """The rows a run settled, as they were before it and after it. A run that was repeated counts as one."""
    row = ledger.c
    decided = (row.tenant == tenant, row.run_id == run_id, row.kind == LedgerKind.DECISION)
    effects: dict[Key, Effect] = {}
    for noted in conn.execute(select(ledger).where(*decided).order_by(row.id)):
        effect = effects.setdefault(Key(noted.refreshed_on, noted.product), Effect({}, {}))
        measure = Measure(noted.measure)
        effect.before.setdefault(measure, noted.warehouse)
        effect.after[measure] = noted.settled
    return effects
