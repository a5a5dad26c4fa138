"""Step 2: landed bytes into the warehouse; the usage data becomes observed counts."""

from collections.abc import Callable, Iterator, Mapping
from secrets import token_bytes
from typing import BinaryIO, TypeAlias

from prefect import get_run_logger, task
from sqlalchemy import Connection

from activation_sync.core.model import DetailRow, Report
from activation_sync.core.reports.concealment import conceal_names
from activation_sync.core.reports.derive import DetailCounts
from activation_sync.core.reports.parse import Noticed, parse_counts, parse_detail, parse_platforms
from activation_sync.errors import ReportFormatError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.reports.detail import count_detail, load_detail
from activation_sync.warehouse.reports.loading import load_counts, load_platforms
from activation_sync.warehouse.reports.manifest import LandedReport, read_landed, record_rejected
from config.settings import SyncSettings
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import now, open_landing, open_warehouse, tenant_settings

Load: TypeAlias = Callable[[Connection, LandedReport, BinaryIO, SyncSettings], Noticed]


@task(task_run_name="load {landed_id}", **STEP)
def load_report(landed_id: str, run: Run) -> str:
    """Load one landed report and return its id. A report that cannot be read stays landed, with the reason.

    Safe to repeat: a landed report is loaded whole in one transaction, once.
    """
    with reading(open_warehouse()) as connection:
        landed = read_landed(connection, landed_id)
    if landed.withdrawn_at:
        get_run_logger().warning(
            "%s of %s was withdrawn by a person on %s and is left out; import it again to take it back",
            *(landed.report, landed.refreshed_on, landed.withdrawn_at.date()),
        )
    elif landed.loaded_at is None:
        landed = _load(landed, run)
        get_run_logger().info("loaded %s of %s: %d rows", landed.report, landed.refreshed_on, landed.rows)
    return landed_id


def _load(landed: LandedReport, run: Run) -> LandedReport:
    load = LOADS[landed.report]
    try:
        with open_landing().open(landed.path) as stream, writing(open_warehouse(), run.lease) as connection:
            noticed = load(connection, landed, stream, tenant_settings(run.tenant).sync)
            loaded = read_landed(connection, landed.id)
    except ReportFormatError as error:
        with writing(open_warehouse(), run.lease) as connection:
            record_rejected(connection, landed.id, str(error))
        raise
    if noticed.unknown_columns:
        get_run_logger().warning("%s: unknown columns %s left out", landed.report, sorted(noticed.unknown_columns))
    return loaded


def load_past_report(connection: Connection, landed: LandedReport, stream: BinaryIO) -> LandedReport:
    """Load a report of a past refresh date: its counts, so that the snapshot of user detail stays the newest."""
    COUNTS_ONLY[landed.report](connection, landed, stream, tenant_settings(landed.tenant).sync)
    return read_landed(connection, landed.id)


def _load_counts(connection: Connection, landed: LandedReport, stream: BinaryIO, sync: SyncSettings) -> Noticed:
    noticed = Noticed()
    load_counts(connection, landed, parse_counts(stream, sync.product_aliases, noticed), now())
    return noticed


def _load_platforms(connection: Connection, landed: LandedReport, stream: BinaryIO, sync: SyncSettings) -> Noticed:
    noticed = Noticed()
    load_platforms(connection, landed, parse_platforms(stream, sync.product_aliases, noticed), now())
    return noticed


def _load_detail(connection: Connection, landed: LandedReport, stream: BinaryIO, sync: SyncSettings) -> Noticed:
    noticed = Noticed()
    counts, rows = _detail(stream, sync, noticed)
    load_detail(connection, landed, rows, counts, now())
    return noticed


def _count_detail(connection: Connection, landed: LandedReport, stream: BinaryIO, sync: SyncSettings) -> Noticed:
    noticed = Noticed()
    counts, rows = _detail(stream, sync, noticed)
    count_detail(connection, landed, rows, counts)
    return noticed


def _detail(stream: BinaryIO, sync: SyncSettings, noticed: Noticed) -> tuple[DetailCounts, Iterator[DetailRow]]:
    counts = DetailCounts(noticed.spelled)
    rows = counts.through(parse_detail(stream, sync.product_aliases, noticed))
    return counts, conceal_names(rows, sync.names, names_key(sync))


def names_key(sync: SyncSettings) -> bytes:
    """The tenant's own key for hashed names; a fresh one for dropped names, so that nothing links two loads."""
    key = sync.names_key
    return key.get_secret_value().encode() if key and sync.names == "hash" else token_bytes(32)


LOADS: Mapping[Report, Load] = {
    Report.USER_COUNTS: _load_counts,
    Report.USER_DETAIL: _load_detail,
    Report.PLATFORM_COUNTS: _load_platforms,
}
COUNTS_ONLY: Mapping[Report, Load] = {**LOADS, Report.USER_DETAIL: _count_detail}
