"""The columns of the three reports, as CSV and as JSON, in the order of the fields of our rows.

Source: learn.microsoft.com/graph/api/reportroot-getoffice365activationsusercounts, -getoffice365activationsuserdetail
and -getoffice365activationcounts. The reports of 2017 lacked the shared-computer columns; the column of Windows 10
Mobile outlived the platform and may go any day. Both are optional here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from activation_sync.core.model import Measure, Report


class Kind(Enum):
    """What the values of a column mean, and so how they are read."""

    REFRESH_DATE = auto()  # one and the same in the whole report
    PRODUCT = auto()
    COUNT = auto()
    DAY = auto()
    FLAG = auto()
    USER = auto()  # personal: never shown
    NAME = auto()  # personal: never shown, may be blank


PRIVATE_KINDS = {Kind.USER, Kind.NAME}


@dataclass(frozen=True, slots=True)
class Column:
    """title: in the CSV header. name: the JSON property. is_required: without it the report means nothing."""

    title: str
    name: str
    kind: Kind
    is_required: bool = False

    @property
    def is_private(self) -> bool:
        return self.kind in PRIVATE_KINDS


@dataclass(frozen=True, slots=True)
class Layout:
    """One report and its columns."""

    report: Report
    columns: tuple[Column, ...]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(fold(column.title) for column in self.columns)


def fold(title: str) -> str:
    """A header without regard to case and spaces; the JSON property of a column folds to the same."""
    return "".join(title.split()).casefold()


REFRESH_DATE = Column("Report Refresh Date", "reportRefreshDate", Kind.REFRESH_DATE, is_required=True)
PRODUCT_TYPE = Column("Product Type", "productType", Kind.PRODUCT, is_required=True)
WINDOWS = Column("Windows", "windows", Kind.COUNT)
MAC = Column("Mac", "mac", Kind.COUNT)
ANDROID = Column("Android", "android", Kind.COUNT)
IOS = Column("iOS", "ios", Kind.COUNT)
WINDOWS_10_MOBILE = Column("Windows 10 Mobile", "windows10Mobile", Kind.COUNT)

REQUIRED_MEASURES = (Measure.ASSIGNED, Measure.ACTIVATED)

USER_COUNTS = Layout(
    Report.USER_COUNTS,
    (
        REFRESH_DATE,
        PRODUCT_TYPE,
        *(Column(each.column, each.json_name, Kind.COUNT, each in REQUIRED_MEASURES) for each in Measure),
    ),
)
PLATFORM_COUNTS = Layout(
    Report.PLATFORM_COUNTS,
    (REFRESH_DATE, PRODUCT_TYPE, WINDOWS, MAC, ANDROID, IOS, WINDOWS_10_MOBILE),
)
USER_DETAIL = Layout(
    Report.USER_DETAIL,
    (
        REFRESH_DATE,
        Column("User Principal Name", "userPrincipalName", Kind.USER, is_required=True),
        Column("Display Name", "displayName", Kind.NAME),
        PRODUCT_TYPE,
        Column("Last Activated Date", "lastActivatedDate", Kind.DAY),
        WINDOWS,
        MAC,
        WINDOWS_10_MOBILE,
        IOS,
        ANDROID,
        Column("Activated On Shared Computer", "activatedOnSharedComputer", Kind.FLAG),
    ),
)
LAYOUTS = (USER_COUNTS, PLATFORM_COUNTS, USER_DETAIL)


def likest_layout(titles: Iterable[str]) -> Layout:
    """The report whose columns have most in common with these headers or properties."""
    folded = {fold(title) for title in titles}
    return max(LAYOUTS, key=lambda layout: len(folded & layout.keys) / len(folded | layout.keys))


def why_not(layout: Layout, titles: Iterable[str]) -> str | None:
    """What is wrong with these headers or properties for this report; None when they will do.

    Two columns in common prove nothing: every report has the date and the product.
    """
    folded = {fold(title) for title in titles}
    likest = likest_layout(folded)
    if likest is not layout and len(folded & likest.keys) > 2:
        return f"these are the columns of a {likest.report} report"
    missing = [c.title for c in layout.columns if c.is_required and fold(c.title) not in folded]
    if missing:
        return f"required columns are missing: {', '.join(missing)}"
    return None


def repeated(layout: Layout, titles: Iterable[str]) -> str | None:
    """Which columns stand twice in these headers or properties; None when each stands once."""
    folded = [fold(title) for title in titles]
    twice = [column.title for column in layout.columns if folded.count(fold(column.title)) > 1]
    return f"columns stand twice: {', '.join(twice)}" if twice else None
