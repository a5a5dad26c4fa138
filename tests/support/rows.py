"""Values for the warehouse's tests, with everything that does not matter filled in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from activation_sync.core.model import (
    Change,
    CountRow,
    Counts,
    Decision,
    DetailRow,
    Key,
    KeyState,
    Plan,
    Report,
)
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.tables import activation_user_count, sync_base
from activation_sync.warehouse.reports.manifest import LandedReport

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 19)
APPS = "MICROSOFT 365 APPS FOR ENTERPRISE"
VISIO = "VISIO PRO"
REPORTED, SETTLED = Counts(10, 8, 2), Counts(12, 9, 2)


def landed(report: Report = Report.USER_COUNTS, content: str = "one", hours: int = 0, **known: Any) -> LandedReport:
    """A report that Graph gave `hours` after AT."""
    digest = sha256(content.encode()).hexdigest()
    return LandedReport(
        tenant="contoso",
        report=report,
        sha256=digest,
        size_bytes=len(content),
        path=f"contoso/{report}/{digest}.csv",
        landed_at=AT + timedelta(hours=hours),
        seen_at=AT + timedelta(hours=hours),
        **known,
    )


def stamp(run_id: str = "run-1", at: datetime = AT) -> Stamp:
    return Stamp(run_id, "nightly", at)


def count_row(product: str = APPS, counts: Counts = REPORTED, on: date = DAY) -> CountRow:
    return CountRow(on, product, product.title(), counts)


def detail_row(user: str, product: str = APPS, on: date = DAY) -> DetailRow:
    return DetailRow(on, user, "A Name", product, on, 1, 0, 0, None, 0, False)


@dataclass
class Counted:
    """Counts users while their rows pass by, as the core does."""

    refreshed_on: date | None = None
    rows_seen: int = 0
    users: dict[str, int] = field(default_factory=dict)

    def through(self, rows: Iterable[DetailRow]) -> Iterator[DetailRow]:
        for row in rows:
            self.refreshed_on, self.rows_seen = row.refreshed_on, self.rows_seen + 1
            self.users[row.product] = self.users.get(row.product, 0) + 1
            yield row

    def counts(self) -> list[CountRow]:
        assert self.refreshed_on
        return [count_row(product, Counts(users, users, 0), self.refreshed_on) for product, users in self.users.items()]


def change(
    settled: Counts = SETTLED,
    *,
    product: str = APPS,
    on: date = DAY,
    decision: Decision = Decision.PULL,
    is_written: bool = True,
    is_pushed: bool = True,
    **state: Any,
) -> Change:
    """A change of one key; `state` are fields of its KeyState."""
    key_state = KeyState(Key(on, product), product.title(), **state)
    return Change(key_state, (decision,) * 3, settled, key_state.published, is_written, is_pushed)


def plan(*changes: Change) -> Plan:
    return Plan("contoso", changes, (), digest="d1")


def by_hand(conn: Connection, product: str = APPS, on: date = DAY, **counts: int | None) -> None:
    """What a person would write."""
    values = {"tenant": "contoso", "refreshed_on": on, "product": product, **counts}
    conn.execute(activation_user_count.insert().values(values))


def base(conn: Connection, product: str = APPS) -> dict[str, Any]:
    """What is remembered of a product."""
    row = conn.execute(select(sync_base).where(sync_base.c.product == product)).mappings().one()
    return dict(row)
