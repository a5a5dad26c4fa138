"""The manifest of landed reports: what Graph or a person gave us, when, and what became of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, true, union, update

from activation_sync.core.model import Report
from activation_sync.core.reports.catalogue import PERSONAL
from activation_sync.errors import WarehouseError
from activation_sync.warehouse.database.kinds import Source
from activation_sync.warehouse.database.measures import has_counts
from activation_sync.warehouse.database.tables import raw_report, sync_base
from activation_sync.warehouse.database.upsert import insert_or_ignore

ID_CHARS = 16  # 64 bits of the hash: it stands in every row of user detail
NEWEST_SEEN_FIRST = (raw_report.c.seen_at.desc(), raw_report.c.landed_at.desc(), raw_report.c.id.desc())


@dataclass(frozen=True, slots=True)
class LandedReport:
    """One landed report: bytes that were given to us, addressed by their hash.

    id: tenant, report and the beginning of sha256. path: within the landing. landed_at, seen_at: when these bytes were
    given first and last. refreshed_on, rows, loaded_at: known once it is loaded. rejected: why it could not be.
    reconciled_at: when a plan made from it was applied first; a report whose run was held has none.
    shown_at: when its platform counts or user detail last became what people see. expired_at: when its bytes went.
    withdrawn_at: when a person took it out of force; it is then neither reconciled nor shown.
    """

    tenant: str
    report: Report
    sha256: str
    size_bytes: int
    path: str
    landed_at: datetime
    seen_at: datetime
    etag: str | None = None
    request_id: str | None = None
    refreshed_on: date | None = None
    rows: int | None = None
    loaded_at: datetime | None = None
    rejected: str | None = None
    reconciled_at: datetime | None = None
    shown_at: datetime | None = None
    expired_at: datetime | None = None
    withdrawn_at: datetime | None = None
    source: Source = Source.GRAPH

    @property
    def id(self) -> str:
        return f"{self.tenant}/{self.report}/{self.sha256[:ID_CHARS]}"


def record_landed(conn: Connection, landed: LandedReport) -> LandedReport:
    """Note that these bytes were given; given again, only `seen_at`, `etag`, `request_id` and `source` move.

    What had expired is here again. Returns the report as the manifest has it: `landed_at` of the first time, and
    whether it is loaded.
    """
    conn.execute(insert_or_ignore(conn, raw_report), [{"id": landed.id, **asdict(landed)}])
    seen = {name: getattr(landed, name) for name in ("seen_at", "etag", "request_id", "source")} | {"expired_at": None}
    row = raw_report.c
    conn.execute(update(raw_report).where(row.id == landed.id, row.seen_at <= landed.seen_at).values(seen))
    return read_landed(conn, landed.id)


def read_landed(conn: Connection, landed_id: str) -> LandedReport:
    """A landed report by its id; WarehouseError when there is none."""
    landed = find_landed(conn, landed_id)
    if landed is None:
        raise WarehouseError(f"no landed report {landed_id} is known here; land it first (activation-sync import)")
    return landed


def find_landed(conn: Connection, landed_id: str) -> LandedReport | None:
    """A landed report by its id; None when these bytes were never given."""
    found = conn.execute(select(raw_report).where(raw_report.c.id == landed_id)).first()
    return None if found is None else landed_of(found)


def newest_landed(conn: Connection, tenant: str, report: Report) -> LandedReport | None:
    """The report Graph gave last, unless it was rejected or withdrawn; what a person imported it does not compare."""
    row = raw_report.c
    is_graphs = (row.rejected.is_(None), row.withdrawn_at.is_(None), row.source == Source.GRAPH)
    found = conn.execute(_of_report(tenant, report).where(*is_graphs).order_by(*NEWEST_SEEN_FIRST).limit(1)).first()
    return None if found is None else landed_of(found)


def record_rejected(conn: Connection, landed_id: str, reason: str) -> None:
    """Note why a landed report could not be loaded. reason: free of users' names."""
    conn.execute(update(raw_report).where(raw_report.c.id == landed_id).values(rejected=reason))


def record_loaded(conn: Connection, landed: LandedReport, refreshed_on: date, rows: int, at: datetime) -> LandedReport:
    """Note what a landed report turned out to hold; an earlier rejection is forgotten."""
    loaded = {"refreshed_on": refreshed_on, "rows": rows, "loaded_at": at, "rejected": None}
    conn.execute(update(raw_report).where(raw_report.c.id == landed.id).values(loaded))
    return read_landed(conn, landed.id)


def record_counted(conn: Connection, landed: LandedReport, refreshed_on: date, rows: int) -> LandedReport:
    """Note what a user detail report says, of which only the counts were taken: it is not loaded."""
    counted = {"refreshed_on": refreshed_on, "rows": rows, "rejected": None}
    conn.execute(update(raw_report).where(raw_report.c.id == landed.id).values(counted))
    return read_landed(conn, landed.id)


def record_reconciled(conn: Connection, landed_ids: Iterable[str], at: datetime) -> None:
    """Note that a plan made from these reports was applied: from now on their word counts for their refresh dates."""
    row = raw_report.c
    conn.execute(
        update(raw_report).where(row.id.in_(list(landed_ids)), row.reconciled_at.is_(None)).values(reconciled_at=at)
    )


def record_shown(conn: Connection, landed_id: str, at: datetime) -> None:
    """Note that this report is now what people see."""
    conn.execute(update(raw_report).where(raw_report.c.id == landed_id).values(shown_at=at))


def in_force(conn: Connection, landed_ids: Iterable[str]) -> list[str]:
    """These reports in their order, without those that a person withdrew."""
    row, given = raw_report.c, list(landed_ids)
    withdrawn = set(conn.scalars(select(row.id).where(row.id.in_(given), row.withdrawn_at.is_not(None))))
    return [landed_id for landed_id in given if landed_id not in withdrawn]


def record_taken_back(conn: Connection, landed_id: str) -> LandedReport:
    """Note that a withdrawn report was imported again, on purpose; a backfill replays it."""
    conn.execute(update(raw_report).where(raw_report.c.id == landed_id).values(withdrawn_at=None))
    return read_landed(conn, landed_id)


def newest_reconciled_on(conn: Connection, tenant: str) -> date | None:
    """The newest refresh date on which anything is settled."""
    newest: date | None = conn.execute(
        select(func.max(sync_base.c.refreshed_on)).where(sync_base.c.tenant == tenant, has_counts(sync_base, "agreed_"))
    ).scalar_one()
    return newest


def reconciled_dates(conn: Connection, tenant: str) -> frozenset[date]:
    """The refresh dates of applied plans. A date whose every key is in conflict is known by its reports alone."""
    report = raw_report.c
    settled = select(sync_base.c.refreshed_on).where(sync_base.c.tenant == tenant, has_counts(sync_base, "agreed_"))
    reported = select(report.refreshed_on).where(report.tenant == tenant, report.reconciled_at.is_not(None))
    return frozenset(conn.execute(union(settled, reported)).scalars())


def find_owner(conn: Connection, landed: LandedReport) -> str | None:
    """The other tenant whose users these bytes are about. Counts alone may be the same by chance."""
    row = raw_report.c
    same = (row.sha256 == landed.sha256, row.tenant != landed.tenant, row.report.in_(PERSONAL), row.rows > 0)
    stands = select(row.tenant).where(*same, row.withdrawn_at.is_(None)).limit(1)
    return conn.scalar(stands) if landed.report in PERSONAL else None


def rows_before(
    conn: Connection,
    tenant: str,
    report: Report,
    landed_id: str,
    refreshed_on: date | None,
    as_reconciled: Iterable[str] = (),
) -> int | None:
    """Rows of the report reconciled before this one, of its own refresh date or the nearest earlier one.

    Its own, once it was reconciled itself: what somebody has approved is not judged again. A report that was held
    proves nothing about the next. refreshed_on: None where the report does not say.
    as_reconciled: those that will have been reconciled by then.
    """
    row = raw_report.c
    this = raw_report.alias("this")
    seen_at = select(this.c.seen_at).where(this.c.id == landed_id).scalar_subquery()
    is_seen_earlier = and_(row.refreshed_on == refreshed_on, or_(seen_at.is_(None), row.seen_at <= seen_at))
    is_earlier = or_(row.refreshed_on < refreshed_on, is_seen_earlier) if refreshed_on else true()
    is_reconciled = or_(row.reconciled_at.is_not(None), row.id.in_(set(as_reconciled) - {landed_id}))
    nearest = _of_report(tenant, report).where(is_reconciled, is_earlier)
    found = conn.execute(nearest.order_by(row.refreshed_on.desc(), *NEWEST_SEEN_FIRST).limit(1)).first()
    return None if found is None else found.rows


def _of_report(tenant: str, report: Report) -> Select[Any]:
    return select(raw_report).where(raw_report.c.tenant == tenant, raw_report.c.report == report)


def landed_of(found: Row[Any]) -> LandedReport:
    """A row of the manifest as a value."""
    values = found._mapping
    known = {field.name: values[field.name] for field in fields(LandedReport)}
    return LandedReport(**{**known, "report": Report(known["report"]), "source": Source(known["source"])})
