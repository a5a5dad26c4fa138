"""Reports that a person downloaded by hand: landed and loaded, so that they can be backfilled, and nothing more."""

import errno
import os
import stat
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO

from activation_sync.core.model import Report
from activation_sync.core.reports.sniff import Sniffed, sniff_report
from activation_sync.core.rule.guards import date_problem
from activation_sync.errors import ActivationSyncError, LandingError, ReportFormatError, ReportShrankError
from activation_sync.landing.store import LandedFile
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.fencing import Lease
from activation_sync.warehouse.database.kinds import Source
from activation_sync.warehouse.reports.manifest import (
    LandedReport,
    find_landed,
    find_owner,
    record_landed,
    record_taken_back,
)
from tasks.steps.load import load_past_report
from tasks.wiring import bounds, now, open_landing, open_warehouse

CHUNK_BYTES = 1024 * 1024
AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # the one is POSIX's, the other Windows'


@dataclass(frozen=True, slots=True)
class ImportedReport:
    """A report as the warehouse knows it now.

    is_known: these very bytes had landed before; nothing changed. Withdrawn ones are taken back, and are not known.
    """

    report: Report
    refreshed_on: date
    rows: int
    sha256: str
    is_known: bool = False


def import_report(tenant: str, file: Path, lease: Lease) -> ImportedReport:
    """Land and load one file. ReportFormatError says why a file is refused; then nothing of it is kept.

    Safe to repeat: the same bytes again change nothing.
    """
    with _open(file) as stream:
        sniffed = sniff_report(stream)
        stream.seek(0)
        landed_file = open_landing().land(
            tenant, sniffed.report, iter(partial(stream.read, CHUNK_BYTES), b""), sniffed.suffix
        )
    landed = _landed(tenant, sniffed, landed_file)
    with reading(open_warehouse()) as connection:
        known = find_landed(connection, landed.id)
        whose = None if known else find_owner(connection, landed)
    if whose:
        open_landing().drop(landed.path)
        raise ReportFormatError(f"these very users have landed for {whose}; import the file with --tenant {whose}")
    if known and known.withdrawn_at:
        return _imported(_take_back(landed, lease))
    if known and known.refreshed_on:
        return _imported(known, is_known=True)
    try:
        return _imported(_load(known or landed, lease))
    except (ReportFormatError, ReportShrankError) as error:
        if known is None:
            open_landing().drop(landed.path)
        raise ReportFormatError(_reason(landed, error)) from None


def _open(file: Path) -> BinaryIO:
    """A regular file of a size that a report may have; opening a pipe or a device could wait for ever."""
    try:
        descriptor = os.open(file, os.O_RDONLY | AT_ONCE)
    except OSError as error:
        raise LandingError(f"it cannot be read: {error.strerror}") from None
    try:
        _judge(os.fstat(descriptor), bounds().report_bytes)
    except ActivationSyncError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _judge(found: os.stat_result, most_bytes: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise LandingError(f"it cannot be read: {os.strerror(errno.EISDIR)}")
    if not stat.S_ISREG(found.st_mode):
        raise LandingError("it cannot be read: it is a pipe or a device, not a file")
    if found.st_size > most_bytes:
        what = f"it has {found.st_size:,} bytes; a report may have {most_bytes:,} (bounds.report_bytes)"
        raise ReportFormatError(what)


def _landed(tenant: str, sniffed: Sniffed, file: LandedFile) -> LandedReport:
    return LandedReport(
        tenant=tenant,
        report=sniffed.report,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        path=file.path,
        landed_at=now(),
        seen_at=now(),
        source=Source.IMPORT,
    )


def _load(landed: LandedReport, lease: Lease) -> LandedReport:
    """Record and load in one transaction, so that a file that is refused was never known."""
    with writing(open_warehouse(), lease) as connection, open_landing().open(landed.path) as stream:
        loaded = load_past_report(connection, record_landed(connection, landed), stream)
        if loaded.refreshed_on and (problem := date_problem(loaded.refreshed_on, now().date())):
            raise ReportFormatError(f"{problem}; look whether the file was changed, or download it again")
        return loaded


def _take_back(landed: LandedReport, lease: Lease) -> LandedReport:
    """Withdrawn by a person and now given again by one: what it says is known, and a backfill may replay it."""
    with writing(open_warehouse(), lease) as connection:
        record_landed(connection, landed)
        return record_taken_back(connection, landed.id)


def _reason(landed: LandedReport, error: Exception) -> str:
    if isinstance(error, ReportShrankError):
        return f"the {landed.report} report has a header and no rows"
    return error.reason if isinstance(error, ReportFormatError) else str(error)


def _imported(landed: LandedReport, *, is_known: bool = False) -> ImportedReport:
    assert landed.refreshed_on is not None, "a report that was loaded says its date"
    assert landed.rows is not None, "and its rows"
    return ImportedReport(landed.report, landed.refreshed_on, landed.rows, landed.sha256, is_known)
