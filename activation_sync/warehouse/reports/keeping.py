"""What the warehouse keeps of a report, by what the catalogue says of it: one class a way of keeping.

Counts are kept for each landed report; nothing else is seen of them until a plan is applied.
Platform counts are shown for each refresh date, the report applied last in place of the one before.
A snapshot is shown of the newest report alone; of past ones only the counts are taken.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Table

from activation_sync.core.model import Report
from activation_sync.core.reports.catalogue import KINDS, Keeps
from activation_sync.core.reports.content import ReportContent
from activation_sync.warehouse.database.tables import (
    activation_platform_count,
    reported_count,
    reported_platform_count,
)
from activation_sync.warehouse.reports.detail import count_detail, load_detail, replace_detail
from activation_sync.warehouse.reports.loading import load_counts, load_platforms, replace_platforms, replace_reported
from activation_sync.warehouse.reports.manifest import (
    LandedReport,
    in_force,
    read_landed,
    record_reconciled,
    record_shown,
)
from activation_sync.warehouse.reports.snapshots import show_platforms, show_snapshot


class Keeper(Protocol):
    """is_dated: what it shows belongs to a refresh date; otherwise only the newest report is shown.

    reported: the table of what each landed report says. shown: the table of what people see, where a rebuild compares
    it as it is.
    """

    is_dated: bool
    reported: Table

    @property
    def shown(self) -> Table | None: ...

    def load(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:
        """Load a report of tonight; returns it as the manifest has it now."""

    def load_past(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:
        """Load a report of a past refresh date: what is shown of a newer one stays."""

    def load_again(self, conn: Connection, landed: LandedReport, content: ReportContent, is_shown: bool) -> None:
        """Load what the manifest knows already, into a warehouse that is rebuilt. is_shown: people see this report."""

    def show(self, conn: Connection, landed: LandedReport) -> bool:
        """Make a loaded report what people see; False when there is nothing to see of it."""


class CountsKeeper:
    is_dated, reported, shown = True, reported_count, None

    def load(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:
        return load_counts(conn, landed, list(content.rows), at)

    load_past = load

    def load_again(self, conn: Connection, landed: LandedReport, content: ReportContent, is_shown: bool) -> None:  # noqa: ARG002
        replace_reported(conn, landed, list(content.rows))

    def show(self, conn: Connection, landed: LandedReport) -> bool:  # noqa: ARG002  the plan shows its counts
        return False


class PlatformsKeeper:
    is_dated, reported, shown = True, reported_platform_count, activation_platform_count

    def load(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:
        return load_platforms(conn, landed, list(content.rows), at)

    load_past = load

    def load_again(self, conn: Connection, landed: LandedReport, content: ReportContent, is_shown: bool) -> None:  # noqa: ARG002
        replace_platforms(conn, landed, list(content.rows))

    def show(self, conn: Connection, landed: LandedReport) -> bool:
        show_platforms(conn, landed)
        return True


class SnapshotKeeper:
    is_dated, reported, shown = False, reported_count, None

    def load(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:
        return load_detail(conn, landed, content.rows, content.passed, at)

    def load_past(self, conn: Connection, landed: LandedReport, content: ReportContent, at: datetime) -> LandedReport:  # noqa: ARG002
        return count_detail(conn, landed, content.rows, content.passed)

    def load_again(self, conn: Connection, landed: LandedReport, content: ReportContent, is_shown: bool) -> None:
        if is_shown:
            replace_detail(conn, landed, content.rows)
        else:
            content.drain()
        replace_reported(conn, landed, content.passed.counts())

    def show(self, conn: Connection, landed: LandedReport) -> bool:
        return show_snapshot(conn, landed)


KEEPERS: Mapping[Keeps, Keeper] = {
    Keeps.COUNTS: CountsKeeper(),
    Keeps.SNAPSHOT: SnapshotKeeper(),
    Keeps.PLATFORMS: PlatformsKeeper(),
}
REPORTED_TABLES = tuple(dict.fromkeys(keeper.reported for keeper in KEEPERS.values()))
SHOWN_TABLES = tuple(keeper.shown for keeper in KEEPERS.values() if keeper.shown is not None)


def keeper_of(report: Report) -> Keeper:
    """How the warehouse keeps this report."""
    return KEEPERS[KINDS[report].keeps]


def apply_reports(conn: Connection, landed_ids: Iterable[str], at: datetime) -> None:
    """Show what these reports say beside counts, now that their plan is applied. Repeating changes nothing.

    One that a person withdrew shows nothing, although Graph gave it again.
    """
    for landed in _reconciled(conn, in_force(conn, landed_ids), at):
        if keeper_of(landed.report).show(conn, landed):
            record_shown(conn, landed.id, at)


def apply_past_reports(conn: Connection, landed_ids: Iterable[str], at: datetime) -> None:
    """Show what these reports say of their refresh date; a snapshot stays the newest."""
    for landed in _reconciled(conn, landed_ids, at):
        keeper = keeper_of(landed.report)
        if keeper.is_dated and keeper.show(conn, landed):
            record_shown(conn, landed.id, at)


def _reconciled(conn: Connection, landed_ids: Iterable[str], at: datetime) -> list[LandedReport]:
    reports = [read_landed(conn, landed_id) for landed_id in landed_ids]
    record_reconciled(conn, [landed.id for landed in reports], at)
    return reports
