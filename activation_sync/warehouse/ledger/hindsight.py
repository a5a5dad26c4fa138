"""What the ledger's decisions tell afterwards: open conflicts, corrections that stand, what a run did to each row."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, and_, func, select

from activation_sync.core.model import Decision, Key, Measure
from activation_sync.core.rule.revert import Effect
from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.database.tables import ledger
from activation_sync.warehouse.ledger.ledger import LedgerRow

OF_MEASURE = (ledger.c.refreshed_on, ledger.c.product, ledger.c.measure)
PERSONS = (Decision.ADOPT, Decision.REVERT)  # settle on a person's value
REPORTS = (Decision.PULL, Decision.CONVERGE)  # settle on a report's


@dataclass(frozen=True, slots=True)
class StandingCorrection:
    """A person's value that the usage data does not share.

    act: correct, resolve or revert; empty for an edit of the table itself. who, at, reason: of the act, or of the
    edit. seen: what the usage data said when the value was settled on. observed: what it said last.
    """

    measure: Measure
    value: int | None
    act: str
    who: str
    at: datetime
    reason: str
    seen: int | None
    observed: int | None


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


def standing_corrections(chain: Sequence[LedgerRow]) -> list[StandingCorrection]:
    """The corrections that stand on a key, measure by measure. chain: all of its rows, oldest first."""
    acts = {row.run_id: row for row in chain if row.kind == LedgerKind.PERSON}
    decisions = (row for row in chain if row.kind == LedgerKind.DECISION)
    found: dict[Measure, StandingCorrection] = {}
    for _, change in groupby(decisions, key=lambda row: (row.run_id, row.at)):
        found = _after(found, list(change), acts)
    return [found[measure] for measure in Measure if measure in found and found[measure].value != found[measure].seen]


def _after(
    found: Mapping[Measure, StandingCorrection], change: Iterable[LedgerRow], acts: Mapping[str, LedgerRow]
) -> dict[Measure, StandingCorrection]:
    """The same after one more change; of one that is held by a conflict only what was observed counts."""
    rows, after = list(change), dict(found)
    is_held = any(row.rule == Decision.CONFLICT for row in rows)
    for row in rows:
        measure = Measure(row.measure or "")
        if row.rule in PERSONS and not is_held:
            after[measure] = _correction(measure, row, acts.get(row.run_id))
        elif row.rule in REPORTS and not is_held:
            after.pop(measure, None)
        elif measure in after and row.observed is not None:
            after[measure] = replace(after[measure], observed=row.observed)
    return after


def _correction(measure: Measure, row: LedgerRow, act: LedgerRow | None) -> StandingCorrection:
    """An edit of the table is known by the stamp that it left on the row."""
    if act:
        verb, who, at, reason = act.rule or "", act.who, act.at, act.note or ""
    elif row.rule == Decision.REVERT:
        verb, who, at, reason = "revert", row.who, row.at, ""
    else:
        verb, who, at, reason = "", row.written_by or row.who, row.written_at or row.at, ""
    return StandingCorrection(measure, row.settled, verb, who, at, reason, row.observed, row.observed)
