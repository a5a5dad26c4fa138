"""A configured job without Graph: a landing, a warehouse, reports written by hand, and backfills without Prefect."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from activation_sync.core.model import Report
from activation_sync.core.runs.backfill import BackfillSummary, ReplayedDay, Window
from activation_sync.landing.store import Landing
from activation_sync.warehouse.database.engine import open_engine, writing
from activation_sync.warehouse.database.schema import migrate
from activation_sync.warehouse.reports.manifest import LandedReport, record_landed
from config.sources import use_file
from tasks.approval import Approval
from tasks.backfill.frame import Backfill
from tasks.backfill.replay import look_for_days, preview, read_the_unread, replay_each
from tasks.run import Run, hold_tenant
from tasks.steps.load import load_past_report
from tasks.wiring import now
from tests.support.sites.secret_files import write_secret
from tests.support.sites.site import Ending, Job, keeping_configuration

TENANT, RUN_ID = "contoso", "run 1"
FIRST = date(2026, 1, 1)
APPS, VISIO = "MICROSOFT 365 APPS FOR ENTERPRISE", "VISIO PRO"
COUNTS_HEADER = "Report Refresh Date,Product Type,Assigned,Activated,Shared Computer Activation"
PLATFORMS_HEADER = "Report Refresh Date,Product Type,Windows,Mac,Android,iOS,Windows 10 Mobile"
DETAIL_HEADER = (
    "Report Refresh Date,User Principal Name,Display Name,Product Type,Last Activated Date,Windows,Mac,"
    "Windows 10 Mobile,iOS,Android,Activated On Shared Computer"
)
GUID = "00000000-0000-4000-8000-00000000000"


def day(number: int) -> date:
    """The first day is 1 January 2026, and has the number 0."""
    return FIRST + timedelta(days=number)


def counts_csv(on: date, assigned: Mapping[str, int], activated: int = 1) -> bytes:
    """A user counts report as Graph writes it: byte order mark, CRLF."""
    return _csv(COUNTS_HEADER, [[on, product, users, activated, 0] for product, users in assigned.items()])


def detail_csv(on: date, users: Mapping[str, int]) -> bytes:
    """A user detail report; of each product so many users, the first of whom has activated it."""
    activated, not_activated = [on, 1, 0, 0, 0, 0, False], ["", 0, 0, 0, 0, 0, False]
    rows = [
        [on, f"user{user}@contoso.example", f"User {user}", product, *(not_activated if user else activated)]
        for product, many in users.items()
        for user in range(many)
    ]
    return _csv(DETAIL_HEADER, rows)


def platforms_csv(on: date, windows: Mapping[str, int]) -> bytes:
    return _csv(PLATFORMS_HEADER, [[on, product, users, 0, 0, 0, 0] for product, users in windows.items()])


def _csv(header: str, rows: list[list[Any]]) -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows([header.split(","), *rows])
    return page.getvalue().encode("utf-8-sig")


@dataclass
class OfflineSite(Job):
    """One configured job. `naps`: how long somebody slept for the tenant's lease. `run_id`: of the next backfill."""

    naps: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    run_id: str = RUN_ID

    def file(self, name: str, content: bytes) -> Path:
        """What a person has downloaded."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def land(self, *contents: tuple[Report, bytes], is_loaded: bool = True) -> None:
        """What earlier nights landed and never reconciled."""
        landing = Landing(str(self.folder / "landing"))
        with writing(self.engine) as connection:
            for report, content in contents:
                file = landing.land(TENANT, report, [content], "csv")
                landed = LandedReport(
                    TENANT, report, file.sha256, file.size_bytes, file.path, landed_at=now(), seen_at=now(), etag='"e"'
                )
                record_landed(connection, landed)
                if is_loaded:
                    with landing.open(file.path) as stream:
                        load_past_report(connection, landed, stream)

    def backfill(
        self, start: date, end: date, *, approve: str | None = None, only_first: int | None = None
    ) -> list[ReplayedDay]:
        """Replay a window as the flow does; `only_first`: it is killed after so many dates."""
        return list(islice(self.replaying(start, end, approve), only_first))

    def replaying(self, start: date, end: date, approve: str | None = None) -> Iterator[ReplayedDay]:
        """The same, date by date."""
        backfill = Backfill(TENANT, self.run_id, date(2026, 11, 21), "someone", Window(start, end, "a test"))
        read_the_unread(TENANT, self.hold)
        found = look_for_days(TENANT, backfill.window)
        yield from replay_each(backfill, found.days, Approval(approve or "", "someone"), self.hold)

    def preview(self, start: date, end: date) -> BackfillSummary:
        return preview(TENANT, Window(start, end, "a test"))

    @contextmanager
    def hold(self) -> Iterator[Run]:
        with hold_tenant(TENANT, "a backfill", say=self.said.append, sleep=self.naps.append) as lease:
            yield Run(TENANT, self.run_id, date(2026, 11, 21), "someone", lease)

    def ending(self) -> Ending:
        """The same, and which reports a plan was made from."""
        reconciled = self.query("SELECT report, refreshed_on FROM raw_report WHERE reconciled_at IS NOT NULL")
        return {**super().ending(), "reconciled": sorted(map(str, reconciled))}

    def dump(self) -> Ending:
        """Every row of every table."""
        tables = ("raw_report", "reported_count", "sync_base", "outbox", "ledger", "sync_run", "activation_user_count")
        return {table: sorted(map(str, self.query(f"SELECT * FROM {table}"))) for table in tables}  # noqa: S608


@contextmanager
def open_offline_site(folder: Path, warehouse_url: str, **sync: Any) -> Iterator[OfflineSite]:
    """A migrated, empty warehouse and one tenant; settings of `[sync]` may be given."""
    write_secret(folder / "warehouse-url", warehouse_url)
    write_secret(folder / "secret", "s")
    settings = "".join(f"{name} = {value}\n" for name, value in sync.items())
    config = folder / "activation-sync.toml"
    config.write_text(
        f"[warehouse]\nurl = 'file:warehouse-url'\n[landing]\nurl = '{folder / 'landing'}'\n[sync]\n{settings}\n"
        f"[[tenants]]\nname = '{TENANT}'\ntenant_id = '{GUID}1'\nclient_id = '{GUID}2'\n"
        "client_secret = 'file:secret'\n",
        encoding="utf-8",
    )
    with keeping_configuration():
        use_file(config)
        engine = open_engine(warehouse_url)
        migrate(engine)
        yield OfflineSite(folder, engine)
        engine.dispose()
