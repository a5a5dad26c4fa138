"""User detail as a snapshot of its own: whole or not at all, in bounded memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, delete
from sqlalchemy.exc import DataError, IntegrityError

from activation_sync.core.model import DetailRow
from activation_sync.core.reports.content import Passed
from activation_sync.errors import ReportFormatError
from activation_sync.warehouse.database.tables import loaded_user_detail
from activation_sync.warehouse.reports.bulk import copy_rows
from activation_sync.warehouse.reports.loading import hold_if_empty, replace_reported
from activation_sync.warehouse.reports.manifest import LandedReport, record_counted, record_loaded
from activation_sync.warehouse.reports.snapshots import drop_other_snapshots, read_snapshot

UNIQUE_VIOLATIONS = ("23505", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE")


def load_detail(
    conn: Connection, landed: LandedReport, rows: Iterable[DetailRow], derived: Passed, at: datetime
) -> LandedReport:
    """Load a user detail report from a stream of its rows; returns it as the manifest has it now.

    The snapshot people see stays as it is until `apply_reports`. A report older than that one is checked and counted
    all the same, and its rows are not kept. Whatever is raised, by `rows` too, nothing was loaded.
    """
    current = read_snapshot(conn, landed.tenant)
    drop_other_snapshots(conn, landed.tenant, keep=[landed.id, *([current.id] if current else [])])
    with conn.begin_nested() as kept:
        replace_detail(conn, landed, rows)
        hold_if_empty(conn, landed, derived.rows_seen)
        refreshed_on = cast(date, derived.refreshed_on)
        if current is not None and (refreshed_on, landed.seen_at) < (current.refreshed_on, current.seen_at):
            kept.rollback()
    replace_reported(conn, landed, derived.counts())
    return record_loaded(conn, landed, refreshed_on, derived.rows_seen, at)


def count_detail(conn: Connection, landed: LandedReport, rows: Iterable[DetailRow], derived: Passed) -> LandedReport:
    """Take the counts of a user detail report, and nothing else, whatever its age; returns it as the manifest has it.

    Its rows are checked as those of any other and not kept. It does not count as loaded: should Graph give it, it is.
    """
    with conn.begin_nested() as checked:
        replace_detail(conn, landed, rows)
        hold_if_empty(conn, landed, derived.rows_seen)
        checked.rollback()
    replace_reported(conn, landed, derived.counts())
    return record_counted(conn, landed, cast(date, derived.refreshed_on), derived.rows_seen)


def replace_detail(conn: Connection, landed: LandedReport, rows: Iterable[DetailRow]) -> None:
    """The rows of this landed report, in place of those that were loaded from it before."""
    conn.execute(delete(loaded_user_detail).where(loaded_user_detail.c.raw_report_id == landed.id))
    with _naming_bad_rows(landed):
        copy_rows(conn, loaded_user_detail, (_values(landed, row) for row in rows))


def _values(landed: LandedReport, row: DetailRow) -> tuple[Any, ...]:
    """A row in the order of the table's columns."""
    refreshed_on, user_principal_name, display_name, product, *activations = row
    return (landed.id, user_principal_name, product, landed.tenant, refreshed_on, display_name, *activations)


@contextmanager
def _naming_bad_rows(landed: LandedReport) -> Iterator[None]:
    """The database's refusal of a row, without its words: they quote the row, and so a user's name."""
    try:
        yield
    except (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError, OverflowError) as error:
        what = "two rows for one user and product" if _is_duplicate(error) else "a value that no column can hold"
        raise ReportFormatError(
            f"the {landed.report} report {landed.path} has {what}; the snapshot before it stays; download it again"
        ) from None


def _is_duplicate(error: Exception) -> bool:
    origin = getattr(error, "orig", error)
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return code in UNIQUE_VIOLATIONS
