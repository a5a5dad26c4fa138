"""The ledger's chain: every row seals the one before it, a chain of its own for each tenant.

    hash = sha256(prev_hash + newline + canonical form of the row)

Rows are appended through `append_rows` alone, one writer of a tenant at a time, so that a chain is in the order of
its ids. Should a writer get past the lock, the unique index on (tenant, prev_hash) refuses the fork.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, insert, select

from activation_sync.core.stamp import Head
from activation_sync.warehouse.database.tables import ledger

NOTHING_BEFORE = ""
CONTENT = tuple(column.name for column in ledger.columns if column.name not in ("id", "prev_hash", "hash"))
APPENDING = 7_260_306  # our PostgreSQL advisory lock; any number, as long as nobody else's


def append_rows(conn: Connection, tenant: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows of one tenant, in this order: the only way into the ledger."""
    contents = [{name: row.get(name) for name in CONTENT} for row in rows]
    if not contents:
        return
    _let_nobody_else_append(conn, tenant)
    prev_hash = read_head(conn, tenant)
    for content in contents:
        sealed = hash_of(content, prev_hash)
        content |= {"prev_hash": prev_hash, "hash": sealed}
        prev_hash = sealed
    conn.execute(insert(ledger), contents)


def read_head(conn: Connection, tenant: str) -> str:
    """The hash of the tenant's newest row; empty before the first."""
    newest = read_newest(conn, tenant)
    return newest.hash if newest else NOTHING_BEFORE


def read_newest(conn: Connection, tenant: str) -> Head | None:
    """The tenant's newest row; None before the first."""
    of_tenant = select(ledger.c.id, ledger.c.hash).where(ledger.c.tenant == tenant)
    found = conn.execute(of_tenant.order_by(ledger.c.id.desc()).limit(1)).first()
    return Head(found.id, found.hash) if found else None


def has_row(conn: Connection, tenant: str, head: Head) -> bool:
    """True when the ledger still has this row, also under another id, as after a move to another database.

    A look at one row, and at all only when it is not in its place; `prove_chain` walks them all.
    """
    row = ledger.c
    of_hash = select(row.id).where(row.tenant == tenant, row.hash == head.hash)
    return any(conn.execute(found.limit(1)).first() for found in (of_hash.where(row.id == head.row), of_hash))


def read_heads(conn: Connection) -> dict[str, str]:
    """The head of every tenant of which the ledger has a row."""
    tenants = conn.scalars(select(ledger.c.tenant).distinct().order_by(ledger.c.tenant))
    return {tenant: read_head(conn, tenant) for tenant in tenants.all()}


def hash_of(content: Mapping[str, Any], prev_hash: str) -> str:
    """What seals a row: the same for a row before it is written and as any database gives it back."""
    return sha256(f"{prev_hash}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """A row as text. What is absent is left out, so that a column added later changes no row before it."""
    present = {name: _plain(content[name]) for name in CONTENT if content[name] is not None}
    return json.dumps(present, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=repr)


def _plain(value: Any) -> Any:
    """As SQLite stores it: instants in UTC with microseconds, dates in ISO form, truth as 0 and 1."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def _let_nobody_else_append(conn: Connection, tenant: str) -> None:
    """Until we commit. A lease already keeps most writers apart; people's commands may write without one."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(select(func.pg_advisory_xact_lock(APPENDING, func.hashtext(tenant))))
