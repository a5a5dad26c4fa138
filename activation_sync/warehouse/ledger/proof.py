"""Whether the ledger is still what was written: its chain, walked from the first row to the last.

A chain without a key cannot show rows cut off at its end, nor one that was written anew from some row on. Both show
against a head that was noted elsewhere: each run notes one in the landing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, text

from activation_sync.warehouse.database.tables import ledger
from activation_sync.warehouse.ledger.chain import CONTENT, NOTHING_BEFORE, hash_of

BATCH_ROWS = 2_000
# without our column types: a row that somebody wrote past us may hold what they cannot read
IN_ORDER = text(f"SELECT id, prev_hash, hash, {', '.join(CONTENT)} FROM ledger WHERE tenant = :tenant ORDER BY id")  # noqa: S608


class ChainFault(StrEnum):
    """What is wrong with a row of the ledger."""

    ALTERED = "altered: its content is not what its hash seals"
    MISSING = "the row before it is missing or was written anew"
    FORKED = "forked: the row it follows has another successor"
    MOVED = "out of order: the row it follows stands after it"


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """The first row that breaks a chain. at: as the database has it."""

    id: int
    at: str
    fault: ChainFault


@dataclass(frozen=True, slots=True)
class ChainProof:
    """How far a tenant's chain holds.

    rows: that hold, from the first on. head: hash of the last of them. found: those of the heads looked for that are
    among them.
    """

    tenant: str
    rows: int
    head: str
    broken: BrokenRow | None = None
    found: frozenset[str] = frozenset()


def prove_chain(conn: Connection, tenant: str, heads: Collection[str] = ()) -> ChainProof:
    """Walk a tenant's chain up to the first row that breaks it. Reads a bounded number of rows at a time."""
    rows, head, found = 0, NOTHING_BEFORE, set[str]()
    for row in _in_order(conn, tenant):
        if fault := _fault(conn, tenant, row, head):
            broken = BrokenRow(row["id"], str(row["at"]), fault)
            return ChainProof(tenant, rows, head, broken, frozenset(found))
        rows, head = rows + 1, row["hash"]
        found |= {head} & set(heads)
    return ChainProof(tenant, rows, head, None, frozenset(found))


def _in_order(conn: Connection, tenant: str) -> Iterator[Mapping[str, Any]]:
    streamed = IN_ORDER.execution_options(yield_per=BATCH_ROWS)
    for row in conn.execute(streamed, {"tenant": tenant}).mappings():
        yield dict(row)


def _fault(conn: Connection, tenant: str, row: Mapping[str, Any], head: str) -> ChainFault | None:
    if hash_of(row, row["prev_hash"]) != row["hash"]:
        return ChainFault.ALTERED
    return None if row["prev_hash"] == head else _broken_link(conn, tenant, row)


def _broken_link(conn: Connection, tenant: str, row: Mapping[str, Any]) -> ChainFault:
    """Where the row is that this one follows; it is not the one before it."""
    if row["prev_hash"] == NOTHING_BEFORE:
        return ChainFault.FORKED
    of_tenant = select(ledger.c.id).where(ledger.c.tenant == tenant, ledger.c.hash == row["prev_hash"])
    followed = conn.scalar(of_tenant.order_by(ledger.c.id).limit(1))
    if followed is None:
        return ChainFault.MISSING
    return ChainFault.FORKED if followed < row["id"] else ChainFault.MOVED
