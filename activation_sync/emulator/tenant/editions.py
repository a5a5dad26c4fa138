"""What a report says, as columns and rows, before it becomes CSV or JSON."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from operator import itemgetter

from activation_sync.emulator.scenario import Columns, EmulatedTenant
from activation_sync.emulator.tenant.figures import NO_DEVICES, EmulatedCounts, Licence, devices_of
from activation_sync.emulator.tenant.people import conceal, display_name, principal_name

COUNT_COLUMNS = tuple(field.replace("_", " ").title() for field in EmulatedCounts._fields)

SINCE_2018 = ("Shared Computer Activation", "Activated On Shared Computer")

Cell = str | int | bool
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows; the rows are made while they are read, once."""

    columns: tuple[str, ...]
    rows: Iterator[Row]

    def with_rows(self, rows: Iterator[Row]) -> "Table":
        return replace(self, rows=rows)


Twist = Callable[[Table], Table]


@dataclass(frozen=True, slots=True)
class Edition:
    """One report of one tenant as it was published: small, whatever the number of its rows.

    day: whose figures it shows. dated: the refresh date it carries. published: product and counts of the counts report.
    twists: what a fault changes in its rows. encoding: of the CSV. is_blank: a fault left nothing of it, not a header.
    """

    report: str
    tenant: EmulatedTenant
    licences: tuple[Licence, ...]
    users: int
    day: int
    dated: date
    published: tuple[tuple[str, EmulatedCounts], ...] = ()
    columns: Columns = "current"
    is_concealed: bool = False
    twists: tuple[Twist, ...] = ()
    encoding: str = "utf-8-sig"
    is_blank: bool = False

    def etag(self, media: str) -> str:
        """Changes when the bytes of this format would."""
        names = [twist.__name__ for twist in self.twists]
        parts = (media, self.report, self.tenant.tenant_id, self.users, self.day, self.dated, self.published)
        content = (*parts, self.columns, self.is_concealed, names, self.encoding, self.is_blank)
        return f'"{hashlib.sha256(repr(content).encode()).hexdigest()[:20]}"'

    def moved(self, *, figures: int = 0, dated: int = 0) -> "Edition":
        """The edition with figures of another day, or another date on them; in days."""
        day = self.day + figures
        published = tuple((licence.product, licence.counts(day)) for licence in self.licences)
        return replace(self, day=day, dated=self.dated + timedelta(days=dated), published=published)


def property_of(column: str) -> str:
    """A column's name as a property: `Windows 10 Mobile` is `windows10Mobile`, `iOS` is `ios`."""
    first, *rest = column.split()
    return first.lower() + "".join(rest)


def table_of(edition: Edition, first_user: int = 0, last_user: int | None = None) -> Table:
    """The report's columns and rows; of the user detail, those of some users."""
    last = edition.users if last_user is None else min(last_user, edition.users)
    report = TABLES[edition.report]
    rows = report.rows(edition, range(first_user, last))
    table = _in_version(Table(report.columns, rows), edition.columns)
    for twist in edition.twists:
        table = twist(table)
    return table


def _in_version(table: Table, version: Columns) -> Table:
    if version == "2017":
        return without_columns(table, SINCE_2018)
    if version == "extra":
        return Table((*table.columns, "Is Deleted"), ((*row, False) for row in table.rows))
    return table


def without_columns(table: Table, names: tuple[str, ...]) -> Table:
    """The table as it was before these columns existed."""
    kept = [index for index, name in enumerate(table.columns) if name not in names]
    pick = itemgetter(*kept)
    return Table(pick(table.columns), (pick(row) for row in table.rows))


def _user_counts(edition: Edition, _: range) -> Iterator[Row]:
    dated = edition.dated.isoformat()
    return ((dated, product, *counts) for product, counts in edition.published)


def _platform_counts(edition: Edition, _: range) -> Iterator[Row]:
    dated = edition.dated.isoformat()
    return ((dated, licence.product, *licence.platforms(edition.day)) for licence in edition.licences)


def _user_detail(edition: Edition, users: range) -> Iterator[Row]:
    dated = edition.dated.isoformat()
    days = _Days(edition)
    today = [(licence, licence.assigned(edition.day), licence.activated(edition.day)) for licence in edition.licences]
    for user in users:
        names: tuple[str, str] | None = None
        for licence, assigned, activated in today:
            rank = licence.rank(user)
            if rank >= assigned:
                continue
            names = names or _names(edition, user)
            if rank < activated:
                yield (
                    dated,
                    *names,
                    licence.product,
                    days[licence.activated_day(rank, edition.day)],
                    *devices_of(rank),
                )
            else:
                yield (dated, *names, licence.product, "", *NO_DEVICES)


class _Days(dict[int, str]):
    """Days counted from the first refresh date, as text; each is spelled once a report."""

    def __init__(self, edition: Edition) -> None:
        super().__init__()
        self._first = edition.dated - timedelta(days=edition.day)

    def __missing__(self, day: int) -> str:
        self[day] = text = (self._first + timedelta(days=day)).isoformat()
        return text


def _names(edition: Edition, user: int) -> tuple[str, str]:
    principal, display = principal_name(user, edition.tenant.domain), display_name(user)
    if edition.is_concealed:
        return conceal(edition.tenant.tenant_id, principal), conceal(edition.tenant.tenant_id, f"{user}/{display}")
    return principal, display


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One report: its columns, and its rows of some users.

    once_a_user: properties that JSON has once above the list of a user's products; such a report comes in pages.
    is_published: it shows the rows that PATCHes change.
    """

    columns: tuple[str, ...]
    rows: Callable[[Edition, range], Iterator[Row]]
    once_a_user: tuple[str, ...] = ()
    is_published: bool = False


# learn.microsoft.com/graph/api/reportroot-getoffice365activationsuserdetail and its two siblings; the mobile
# platforms do stand in another order in the two reports that have them
TABLES: Mapping[str, ReportTable] = {
    "getOffice365ActivationsUserCounts": ReportTable(
        ("Report Refresh Date", "Product Type", *COUNT_COLUMNS), _user_counts, is_published=True
    ),
    "getOffice365ActivationCounts": ReportTable(
        ("Report Refresh Date", "Product Type", "Windows", "Mac", "Android", "iOS", "Windows 10 Mobile"),
        _platform_counts,
    ),
    "getOffice365ActivationsUserDetail": ReportTable(
        (
            *("Report Refresh Date", "User Principal Name", "Display Name", "Product Type", "Last Activated Date"),
            *("Windows", "Mac", "Windows 10 Mobile", "iOS", "Android", "Activated On Shared Computer"),
        ),
        _user_detail,
        once_a_user=("reportRefreshDate", "userPrincipalName", "displayName"),
    ),
}
REPORTS = tuple(TABLES)


def first_rows(table: Table, count: int) -> Table:
    """The table cut after its first rows."""
    return table.with_rows(itertools.islice(table.rows, count))
