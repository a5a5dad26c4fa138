"""What the ledger's decisions tell afterwards: open conflicts, corrections that stand, what a run did to each row."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from activation_sync.core.model import Decision, Key, Measure
from activation_sync.core.rule.decide import moves_seen
from activation_sync.core.rule.revert import Effect
from activation_sync.core.rule.withdraw import Before, Footprint
from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.database.tables import ledger
from activation_sync.warehouse.ledger.ledger import RESTORE, LedgerRow

OF_MEASURE = (ledger.c.refreshed_on, ledger.c.product, ledger.c.measure)
PERSONS = (Decision.ADOPT, Decision.REVERT)  # settle on a person's value
REPORTS = (Decision.PULL, Decision.CONVERGE)  # settle on a report's


@dataclass(frozen=True, slots=True)
class StandingCorrection:
    """A person's value that the usage data does not share.

    act: correct, resolve or revert; empty for an edit of the table itself. who, reason: of the act, or of the edit.
    at: of the act; of an edit, when a run found it, as who edits rarely sets `updated_at`. seen: what the usage data
    said when the value was settled on. observed: what it said last.
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
    acts = {row.run_id: row for row in chain if row.kind == LedgerKind.PERSON and row.rule != RESTORE}
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
        verb, who, at, reason = "", row.written_by or row.who, row.at, ""
    return StandingCorrection(measure, row.settled, verb, who, at, reason, row.observed, row.observed)


def read_footprint(conn: Connection, tenant: str, on: date, landed_id: str | None) -> Footprint:
    """What followed from a usage report of a refresh date, since it last became the word of that date."""
    if landed_id is None:
        return Footprint({})
    row = ledger.c
    of_date = select(ledger).where(row.tenant == tenant, row.refreshed_on == on, row.kind == "decision")
    found = conn.execute(of_date.order_by(row.product, row.id)).all()
    walks = {product: _Walk(landed_id) for product in dict.fromkeys(noted.product for noted in found)}
    for (product, *_), change in groupby(found, key=lambda noted: (noted.product, noted.run_id, noted.at)):
        walks[product].take(list(change))
    return Footprint(
        {Key(on, product): walk.before for product, walk in walks.items() if walk.before},
        frozenset(Key(on, product) for product, walk in walks.items() if walk.is_asked),
    )


@dataclass(slots=True)
class _Walk:
    """The decisions about one key, change after change.

    memory: `agreed` and `observed_seen` so far. before: what stood before the report had the word; empty while it has
    not. overtaken: the same of the time before another report took the word. is_asked: the last change was held by a
    conflict that the report took part in.
    """

    landed_id: str
    memory: dict[Measure, tuple[int | None, int | None]] = field(default_factory=dict)
    before: dict[Measure, Before] = field(default_factory=dict)
    overtaken: dict[Measure, Before] = field(default_factory=dict)
    is_asked: bool = False

    def take(self, rows: Sequence[Row[Any]]) -> None:
        is_held = any(row.rule == Decision.CONFLICT for row in rows)
        is_resting, is_withdrawal = rows[0].observed_id == self.landed_id, rows[0].rule == Decision.WITHDRAW
        self.is_asked = is_held and is_resting
        if is_held:
            return
        if is_resting and is_withdrawal:  # of another report: this one has the word again
            self.before = self.before or self.overtaken
        elif self.before and not is_resting and (rows[0].observed_id or is_withdrawal):
            self.before, self.overtaken = {}, self.before
        for row in rows:
            self._settle(row, is_resting=is_resting)

    def _settle(self, row: Row[Any], *, is_resting: bool) -> None:
        measure = Measure(row.measure)
        agreed, seen = self.memory.get(measure, (None, None))
        if is_resting and measure not in self.before and row.rule != Decision.WITHDRAW:
            self.before[measure] = Before(agreed if row.warehouse is None else row.warehouse, seen)
        if measure in self.before and row.rule not in (Decision.KEEP, Decision.CONFLICT):
            is_persons = row.rule in PERSONS or (row.rule == Decision.WITHDRAW and row.settled != row.observed)
            self.before[measure] = replace(self.before[measure], is_corrected=is_persons)
        self.memory[measure] = (row.settled, row.observed if moves_seen(row.rule, row.observed) else seen)
