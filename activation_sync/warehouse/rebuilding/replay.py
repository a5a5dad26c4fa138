"""The ledger, read from its first row to its last, says what the warehouse table and our memory hold.

row                     | moves
------------------------+---------------------------------------------------------------------------
decision, in conflict   | the warehouse row as the run found it; of memory nothing
decision, withdraw      | the same as any other; a row on which nothing stands leaves the table, and memory, unless
                        | Graph was sent anything of it
decision, any other     | the warehouse row, `agreed`, `observed_seen`, measure by measure
sent                    | in doubt
answer: acknowledged    | `acknowledged`, `published_seen`, Graph's id, in doubt
answer: superseded      | the same, measure by measure, where Graph's row was read
answer: any other       | in doubt, Graph's id, where it says so
person                  | in doubt, where a restore says so; what a person moved is a decision of its own
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping

from activation_sync.core.model import NOT_REPORTED, CountRow, Decision, Key, Measure
from activation_sync.core.rule.decide import moves_seen
from activation_sync.core.rule.delivery import AnswerKind
from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.database.measures import measures_of

MEMORIES = ("agreed_", "observed_seen_", "acknowledged_", "published_seen_")
UNKNOWN = {f"{memory}{measure}": None for memory in MEMORIES for measure in Measure} | {"graph_id": None}
Reported = Mapping[tuple[str, str], CountRow]


@dataclass(slots=True)
class Replay:
    """What the rows followed so far lead to, for one tenant.

    reported: what each landed report says of each product. memory: rows of `sync_base`. table: rows of
    `activation_user_count`, with the stamp that the ledger knows them by.
    """

    tenant: str
    reported: Reported
    memory: dict[Key, dict[str, Any]] = field(default_factory=dict)
    table: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _queued: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def follow(self, rows: Iterable[RowMapping]) -> None:
        """Take the tenant's rows in the order of their ids."""
        for (kind, *_), group in groupby(rows, _step):
            if kind == LedgerKind.DECISION:
                self._decide(list(group))
            else:
                for row in group:
                    self._hear(row)

    def _decide(self, rows: list[RowMapping]) -> None:
        """One change; a measure that it leaves out stays as it is."""
        key, is_held = _key(rows[0]), any(row["rule"] == Decision.CONFLICT for row in rows)
        is_gone = all(row["rule"] == Decision.WITHDRAW and row["settled"] is None for row in rows)
        if is_gone:
            self.table.pop(key, None)
        else:
            self._write(key, rows)
        if is_held:
            return
        memory = self.memory.setdefault(key, self._new(key))
        memory["product_type"] = self._product_type(rows[0], memory["product_type"])
        for row in rows:
            memory[f"agreed_{row['measure']}"] = row["settled"]
            if moves_seen(row["rule"], row["observed"]):
                memory[f"observed_seen_{row['measure']}"] = row["observed"]
        if is_gone and _is_blank(memory):
            del self.memory[key]
        if rows[0]["outbox_id"] is not None:
            self._queued[rows[0]["outbox_id"]] = self._sent(rows)

    def _write(self, key: Key, rows: list[RowMapping]) -> None:
        """Where nothing was written, the row keeps the stamp that the run found; none found, there is no row."""
        first, is_written = rows[0], any(row["settled"] != row["warehouse"] for row in rows)
        at, who = (first["at"], first["who"]) if is_written else (first["written_at"], first["written_by"])
        if at is not None:
            row = self.table.setdefault(key, {**self._of(key), **dict.fromkeys(Measure)})
            row |= {each["measure"]: each["settled"] for each in rows} | {"updated_at": at, "updated_by": who}

    def _sent(self, rows: list[RowMapping]) -> dict[str, Any]:
        """What an acknowledgement of this change's update moves."""
        published = self._said(rows[0]["published_id"], rows[0]["product"])
        acknowledged = {f"acknowledged_{row['measure']}": row["settled"] for row in rows}
        return acknowledged | measures_of(published.counts if published else NOT_REPORTED, "published_seen_")

    def _hear(self, row: RowMapping) -> None:
        memory = self.memory.get(_key(row))
        if memory is None:
            return
        if row["in_doubt"] is not None:
            memory["in_doubt"] = row["in_doubt"]
        if row["kind"] == LedgerKind.ANSWER and row["rule"] == AnswerKind.ACKNOWLEDGED:
            memory |= {**self._queued.pop(row["outbox_id"], {}), "graph_id": row["graph_id"]}
        elif row["kind"] == LedgerKind.ANSWER and row["measure"] is not None:
            reported = self._queued.get(row["outbox_id"], {}).items()
            memory |= {name: count for name, count in reported if name.startswith("published_seen_")}
            memory |= {f"acknowledged_{row['measure']}": row["published"], "graph_id": row["graph_id"]}
        elif row["graph_id"] is not None:
            memory["graph_id"] = row["graph_id"]

    def _new(self, key: Key) -> dict[str, Any]:
        return {**self._of(key), **UNKNOWN, "product_type": key.product, "in_doubt": False}

    def _product_type(self, row: RowMapping, before: str) -> str:
        """As the counts report spells it, else the observed one, else as we had it."""
        said = self._said(row["published_id"], row["product"]) or self._said(row["observed_id"], row["product"])
        return said.product_type if said else before

    def _said(self, landed_id: str | None, product: str) -> CountRow | None:
        return self.reported.get((landed_id or "", product))

    def _of(self, key: Key) -> dict[str, Any]:
        return {"tenant": self.tenant, "refreshed_on": key.refreshed_on, "product": key.product}


def _is_blank(memory: Mapping[str, Any]) -> bool:
    return not memory["in_doubt"] and all(memory[name] is None for name in UNKNOWN)


def _step(row: RowMapping) -> tuple[Any, ...]:
    """Equal for the measures of one change, which were noted together."""
    return row["kind"], row["run_id"], row["at"], _key(row)


def _key(row: RowMapping) -> Key:
    return Key(row["refreshed_on"], row["product"])
