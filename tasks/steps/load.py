"""Step 2: landed bytes into the warehouse; the usage data becomes observed counts."""

from secrets import token_bytes
from typing import BinaryIO

from prefect import task
from sqlalchemy import Connection

from activation_sync.core.model import Report
from activation_sync.core.reports.concealment import Concealment
from activation_sync.core.reports.content import ReportContent, read_content
from activation_sync.errors import ReportFormatError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.reports.keeping import keeper_of
from activation_sync.warehouse.reports.manifest import LandedReport, read_landed, record_rejected
from config.settings import SyncSettings
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import bounds, now, open_landing, open_warehouse, tenant_settings


@task(task_run_name="load {landed_id}", **STEP)
def load_report(landed_id: str, run: Run) -> str:
    """Load one landed report and return its id. A report that cannot be read stays landed, with the reason.

    Safe to repeat: a landed report is loaded whole in one transaction, once.
    """
    with reading(open_warehouse()) as connection:
        landed = read_landed(connection, landed_id)
    if landed.withdrawn_at:
        step_log().warning(
            "%s of %s was withdrawn by a person on %s and is left out; import it again to take it back",
            *(landed.report, landed.refreshed_on, landed.withdrawn_at.date()),
        )
    elif landed.loaded_at is None:
        landed = _load(landed, run)
        step_log().info("loaded %s of %s: %d rows", landed.report, landed.refreshed_on, landed.rows)
    return landed_id


def _load(landed: LandedReport, run: Run) -> LandedReport:
    try:
        with open_landing().open(landed.path) as stream, writing(open_warehouse(), run.lease) as connection:
            content = read_kept(landed.report, stream, tenant_settings(run.tenant).sync)
            loaded = keeper_of(landed.report).load(connection, landed, content, now())
    except ReportFormatError as error:
        with writing(open_warehouse(), run.lease) as connection:
            record_rejected(connection, landed.id, str(error))
        raise
    if unknown := content.notes.unknown_columns:
        step_log().warning("%s: unknown columns %s left out", landed.report, sorted(unknown))
    return loaded


def load_past_report(connection: Connection, landed: LandedReport, stream: BinaryIO) -> LandedReport:
    """Load a report of a past refresh date: its counts, so that the snapshot of user detail stays the newest."""
    content = read_kept(landed.report, stream, tenant_settings(landed.tenant).sync)
    return keeper_of(landed.report).load_past(connection, landed, content, now())


def read_kept(report: Report, stream: BinaryIO, sync: SyncSettings) -> ReportContent:
    """A report from its bytes, with users' names as this tenant wants them kept."""
    return read_content(report, stream, sync.product_aliases, Concealment(sync.names, names_key(sync)), bounds())


def names_key(sync: SyncSettings) -> bytes:
    """The tenant's own key for hashed names; a fresh one for dropped names, so that nothing links two loads."""
    key = sync.names_key
    return key.get_secret_value().encode() if key and sync.names == "hash" else token_bytes(32)
