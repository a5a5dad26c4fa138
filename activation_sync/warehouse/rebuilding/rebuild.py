"""A second warehouse from the records of the first: what must be carried over, and what follows from that."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, insert, inspect, select, text

from activation_sync.core.model import CountRow
from activation_sync.errors import WarehouseError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.failures import name_of
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.tables import (
    activation_user_count,
    ledger,
    outbox,
    raw_report,
    reported_count,
    sync_base,
    sync_run,
)
from activation_sync.warehouse.rebuilding.replay import Replay
from activation_sync.warehouse.reports.keeping import keeper_of
from activation_sync.warehouse.reports.manifest import LandedReport, landed_of

RECORDS = (raw_report, ledger, outbox, sync_run)  # what nothing else says
NUMBERED = (ledger, outbox)
BATCH_ROWS = 1_000


def refuse_used(engine: Engine) -> None:
    """Raise WarehouseError unless the database is empty."""
    with reading(engine) as conn:
        found = inspect(conn).get_table_names()
    if found:
        raise WarehouseError(
            f"the warehouse {name_of(engine.url)} is in use ({len(found)} tables); name a new, empty one"
        )


def copy_records(source: Connection, target: Connection) -> None:
    """Carry over manifest, ledger, outbox and runs, as they are."""
    for table in RECORDS:
        _copy(source, target, table, select(table).order_by(*table.primary_key))
    if target.dialect.name == "postgresql":  # its sequences do not see ids that were given
        for table in NUMBERED:
            of_table = f"pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 0) + 1, false"
            target.execute(text(f"SELECT setval({of_table}) FROM {table.name}"))  # noqa: S608  two constants


def copy_reported(source: Connection, target: Connection, landed: LandedReport) -> None:
    """Carry over what a landed report says, for want of its bytes."""
    table = keeper_of(landed.report).reported
    _copy(source, target, table, select(table).where(table.c.raw_report_id == landed.id))


def read_manifest(conn: Connection) -> list[LandedReport]:
    """Every landed report, the oldest first."""
    return [
        landed_of(row) for row in conn.execute(select(raw_report).order_by(raw_report.c.landed_at, raw_report.c.id))
    ]


def shown_reports(manifest: Iterable[LandedReport]) -> dict[tuple[object, ...], LandedReport]:
    """The reports that people see, each by what no other can be seen of at once: tenant, report and refresh date."""
    shown: dict[tuple[object, ...], LandedReport] = {}
    for landed in sorted(manifest, key=lambda landed: (landed.shown_at or landed.landed_at, landed.seen_at)):
        if landed.shown_at is not None:
            on = landed.refreshed_on if keeper_of(landed.report).is_dated else None
            shown[landed.tenant, landed.report, on] = landed
    return shown


def show_again(conn: Connection, shown: Iterable[LandedReport]) -> None:
    """Make these reports what people see."""
    for landed in shown:
        keeper_of(landed.report).show(conn, landed)


def replay_ledger(conn: Connection, tenant: str) -> None:
    """Write what the ledger leads to: the warehouse table and our memory."""
    replay = Replay(tenant, _read_reported(conn, tenant))
    in_order = select(ledger).where(ledger.c.tenant == tenant).order_by(ledger.c.id)
    replay.follow(conn.execute(in_order.execution_options(yield_per=BATCH_ROWS)).mappings())
    for table, found in ((activation_user_count, replay.table), (sync_base, replay.memory)):
        if found:
            conn.execute(insert(table), list(found.values()))


def _read_reported(conn: Connection, tenant: str) -> dict[tuple[str, str], CountRow]:
    of_tenant = select(reported_count).join(raw_report).where(raw_report.c.tenant == tenant)
    return {
        (row["raw_report_id"], row["product"]): CountRow(
            row["refreshed_on"], row["product"], row["product_type"], counts_of(row)
        )
        for row in conn.execute(of_tenant).mappings()
    }


def _copy(source: Connection, target: Connection, table: Table, query: Select[Any]) -> None:
    rows = source.execute(query.execution_options(yield_per=BATCH_ROWS)).mappings()
    for batch in rows.partitions():
        target.execute(insert(table), [dict(row) for row in batch])
