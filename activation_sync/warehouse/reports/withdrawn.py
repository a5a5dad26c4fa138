"""Landed reports that a person takes out of force: which are meant, and what people see without them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, delete, select, update

from activation_sync.core.model import Report
from activation_sync.core.reports.catalogue import KINDS, Keeps
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.database.kinds import Source
from activation_sync.warehouse.database.tables import (
    activation_platform_count,
    detail_snapshot,
    loaded_user_detail,
    raw_report,
)
from activation_sync.warehouse.reports.manifest import NEWEST_SEEN_FIRST, LandedReport, landed_of
from activation_sync.warehouse.reports.snapshots import read_snapshot, show_platforms

MIN_SHA256_CHARS = 8
ALL = "all"


def read_reports_on(conn: Connection, tenant: str, on: date) -> list[LandedReport]:
    """What was landed of a refresh date and is neither rejected nor withdrawn, the newest given first."""
    row = raw_report.c
    of_date = (row.tenant == tenant, row.refreshed_on == on, row.rejected.is_(None), row.withdrawn_at.is_(None))
    return [landed_of(found) for found in conn.execute(select(raw_report).where(*of_date).order_by(*NEWEST_SEEN_FIRST))]


def choose_reports(found: Sequence[LandedReport], named: str | None) -> list[LandedReport]:
    """The reports a person means; ChoiceError when that is none, or not certain. found: the newest given first.

    named: a kind of report, ALL of them, or a landed report by its id or the beginning of its sha256; of a kind the
    newest is meant. Left out: what was imported of that date.
    """
    newest = [*{landed.report: landed for landed in reversed(found)}.values()]
    if named is None:
        meant = _certain(found, newest)
    else:
        meant = [landed for landed in newest if named in (ALL, landed.report)] or _by_id(found, named)
    if not meant:
        raise ChoiceError(f"no such report is in force; choose with --report: {_choices(found)}")
    return sorted(meant, key=lambda landed: landed.report)


def reconciled_of(found: Sequence[LandedReport], report: Report) -> LandedReport | None:
    """The report whose word counts for its date. found: of that date, the newest given first."""
    return next((landed for landed in found if landed.report is report and landed.reconciled_at), None)


def record_withdrawn(conn: Connection, landed_ids: Collection[str], at: datetime) -> None:
    """Take reports out of force: as if they had never been reconciled; given again by Graph, they stay so."""
    forgotten = {"reconciled_at": None, "shown_at": None, "loaded_at": None}
    conn.execute(update(raw_report).where(raw_report.c.id.in_(landed_ids)).values(withdrawn_at=at, **forgotten))
    conn.execute(delete(loaded_user_detail).where(loaded_user_detail.c.raw_report_id.in_(landed_ids)))


def hide_reports(conn: Connection, withdrawn: Sequence[LandedReport]) -> LandedReport | None:
    """Let people see what they saw before these reports, which are recorded as withdrawn.

    Returns the user detail report to show again, whose rows must be loaded anew; None where that is not needed.
    """
    again = None
    for landed in withdrawn:
        before = _shown_before(conn, landed)
        keeps = KINDS[landed.report].keeps
        if keeps is Keeps.PLATFORMS:
            _show_platforms(conn, landed, before)
        elif keeps is Keeps.SNAPSHOT and _is_snapshot(conn, landed):
            conn.execute(delete(detail_snapshot).where(detail_snapshot.c.tenant == landed.tenant))
            again = before
    return again


def _certain(found: Sequence[LandedReport], newest: Sequence[LandedReport]) -> Sequence[LandedReport]:
    """What is meant where nobody says it."""
    imports = [landed for landed in newest if landed.source is Source.IMPORT]
    if not imports and any(landed.source is Source.IMPORT for landed in found):
        raise ChoiceError(f"Graph gave another report since the import; choose with --report: {_choices(found)}")
    if not imports and len(newest) > 1:
        raise ChoiceError(f"several kinds of report are in force; choose with --report {ALL}, or: {_choices(found)}")
    return imports or newest


def _by_id(found: Sequence[LandedReport], named: str) -> list[LandedReport]:
    is_long = len(named) >= MIN_SHA256_CHARS
    return [landed for landed in found if landed.id == named or (is_long and landed.sha256.startswith(named.lower()))]


def _choices(found: Sequence[LandedReport]) -> str:
    return ", ".join(f"{landed.id} (from {landed.source}, {landed.seen_at:%Y-%m-%d %H:%M} UTC)" for landed in found)


def _shown_before(conn: Connection, landed: LandedReport) -> LandedReport | None:
    """What people saw of this kind; of platform counts, of the same date."""
    row = raw_report.c
    alike = [row.tenant == landed.tenant, row.report == landed.report, row.shown_at.is_not(None)]
    if KINDS[landed.report].keeps is Keeps.PLATFORMS:
        alike.append(row.refreshed_on == landed.refreshed_on)
    newest = select(raw_report).where(*alike).order_by(row.shown_at.desc(), row.seen_at.desc()).limit(1)
    found = conn.execute(newest).first()
    return None if found is None else landed_of(found)


def _show_platforms(conn: Connection, landed: LandedReport, before: LandedReport | None) -> None:
    if before:
        show_platforms(conn, before)
        return
    shown = activation_platform_count.c
    of_date = (shown.tenant == landed.tenant, shown.refreshed_on == landed.refreshed_on)
    conn.execute(delete(activation_platform_count).where(*of_date))


def _is_snapshot(conn: Connection, landed: LandedReport) -> bool:
    shown = read_snapshot(conn, landed.tenant)
    return shown is not None and shown.id == landed.id
