"""Step 8: landed reports that are old, and needed by nothing that is open, make room."""

from collections.abc import Sequence
from datetime import timedelta

from prefect import task

from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.reports.manifest import LandedReport
from activation_sync.warehouse.reports.retention import read_expiring, read_kept_paths, record_expired
from config.settings import settings_in_use
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import now, open_landing, open_warehouse

ORPHANED_AFTER = timedelta(days=1)  # as long as a landing may take from its first byte to its row in the manifest
BATCH_FILES = 50  # dropped in one transaction, which on SQLite keeps other writers waiting


@task(task_run_name="expire {run.tenant}", **STEP)
def expire_reports(run: Run) -> int:
    """Drop the bytes of expired reports, and files that a killed run landed and never recorded; return how many.

    Safe to repeat: rows are marked in the transaction in which their files go, so a run killed between finds them
    again, and one that lost its lease drops nothing.
    """
    oldest = now() - timedelta(days=settings_in_use().landing.retention_days)
    with reading(open_warehouse()) as connection:
        expiring = read_expiring(connection, run.tenant, oldest)
    for start in range(0, len(expiring), BATCH_FILES):
        _expire(expiring[start : start + BATCH_FILES], run)
    orphans = _drop_orphans(run)
    step_log().info("expired %d landed reports, dropped %d orphan files", len(expiring), orphans)
    return len(expiring) + orphans


def _expire(expiring: Sequence[LandedReport], run: Run) -> None:
    landing = open_landing()
    with writing(open_warehouse(), run.lease) as connection:
        record_expired(connection, [landed.id for landed in expiring], now())
        for landed in expiring:
            landing.drop(landed.path)


def _drop_orphans(run: Run) -> int:
    """The lease holds off whoever might record one of them now; a young one may belong to an import."""
    landing, moment = open_landing(), now() - ORPHANED_AFTER
    files = landing.files(run.tenant)
    with writing(open_warehouse(), run.lease) as connection:
        unknown = set(files) - read_kept_paths(connection, run.tenant)
        orphans = [path for path in sorted(unknown) if landing.was_written_before(path, moment)]
        for path in orphans:
            landing.drop(path)
    return len(orphans)
