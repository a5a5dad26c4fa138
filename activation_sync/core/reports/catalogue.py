"""The reports of Microsoft Graph that we use, one entry each: all that differs between them stands here, and only here.

Columns stand in the order of the fields of our rows. The reports of 2017 lacked the shared-computer columns; the
column of Windows 10 Mobile outlived the platform and may go any day. Both are optional here.
Source: learn.microsoft.com/graph/api/reportroot-getoffice365activationsusercounts, -getoffice365activationsuserdetail
and -getoffice365activationcounts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from activation_sync.core.model import DetailRow, Measure, Report
from activation_sync.core.reports.columns import (
    ANDROID,
    IOS,
    MAC,
    PRODUCT_TYPE,
    REFRESH_DATE,
    WINDOWS,
    WINDOWS_10_MOBILE,
    Column,
    Kind,
    fold,
    separator_hint,
)

REQUIRED_MEASURES = (Measure.ASSIGNED, Measure.ACTIVATED)


class Role(Enum):
    """What a report is in the reconciliation; the words are those of README's glossary."""

    OBSERVED = auto()  # the usage data
    PUBLISHED = auto()  # the counts that Graph itself shows; they also serve as usage data where a tenant chooses so
    SIDE = auto()  # shown beside the counts; no plan is made from it


class Keeps(Enum):
    """What becomes of a report's rows: `parse` says how they are made, `warehouse/reports/keeping` where they stay."""

    COUNTS = auto()  # a row a product
    SNAPSHOT = auto()  # a row a user and product, of the newest report alone; its counts are derived, and last
    PLATFORMS = auto()  # a row a product and platform, for each refresh date


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report and all that differs between it and the others.

    function: as in the path, with its arguments if it takes any. row: makes a row of the values of its columns, in
    their order. page_rows: rows to ask for a page of JSON; None: Graph gives it whole. is_required: a night cannot do
    without it; a tenant that lacks another has its night all the same, and the run says so. is_judged: the guards
    judge its size.
    """

    report: Report
    function: str
    columns: tuple[Column, ...]
    role: Role
    keeps: Keeps
    row: Callable[[Iterable[Any]], Any] = tuple
    page_rows: int | None = None
    is_required: bool = True
    is_judged: bool = True

    @property
    def keys(self) -> frozenset[str]:
        """Its columns, folded."""
        return frozenset(fold(column.title) for column in self.columns)

    @property
    def is_personal(self) -> bool:
        """True when its rows are about users."""
        return any(column.is_private for column in self.columns)

    @property
    def has_counts(self) -> bool:
        """True when it says something of each product that a plan is made from."""
        return self.role is not Role.SIDE


USER_COUNTS = ReportKind(
    report=Report.USER_COUNTS,
    function="getOffice365ActivationsUserCounts",
    columns=(
        REFRESH_DATE,
        PRODUCT_TYPE,
        *(Column(each.column, each.json_name, Kind.COUNT, each in REQUIRED_MEASURES) for each in Measure),
    ),
    role=Role.PUBLISHED,
    keeps=Keeps.COUNTS,
)
USER_DETAIL = ReportKind(
    report=Report.USER_DETAIL,
    function="getOffice365ActivationsUserDetail",
    columns=(
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
    role=Role.OBSERVED,
    keeps=Keeps.SNAPSHOT,
    row=DetailRow._make,
    page_rows=999,
)
PLATFORM_COUNTS = ReportKind(
    report=Report.PLATFORM_COUNTS,
    function="getOffice365ActivationCounts",
    columns=(REFRESH_DATE, PRODUCT_TYPE, WINDOWS, MAC, ANDROID, IOS, WINDOWS_10_MOBILE),
    role=Role.SIDE,
    keeps=Keeps.PLATFORMS,
    is_required=False,
)

CATALOGUE = (USER_COUNTS, USER_DETAIL, PLATFORM_COUNTS)
KINDS: Mapping[Report, ReportKind] = MappingProxyType({kind.report: kind for kind in CATALOGUE})
OBSERVED = next(kind.report for kind in CATALOGUE if kind.role is Role.OBSERVED)
PUBLISHED = next(kind.report for kind in CATALOGUE if kind.role is Role.PUBLISHED)
COUNTED = tuple(kind.report for kind in CATALOGUE if kind.has_counts)
PERSONAL = tuple(kind.report for kind in CATALOGUE if kind.is_personal)


def kept_as(keeps: Keeps) -> tuple[Report, ...]:
    """The reports whose rows are kept in this way."""
    return tuple(kind.report for kind in CATALOGUE if kind.keeps is keeps)


def likest_kind(titles: Iterable[str], among: Iterable[ReportKind] = CATALOGUE) -> ReportKind:
    """The report whose columns have most in common with these headers or properties."""
    folded = {fold(title) for title in titles}
    return max(among, key=lambda kind: len(folded & kind.keys) / len(folded | kind.keys))


def why_not(kind: ReportKind, titles: Iterable[str]) -> str | None:
    """What is wrong with these headers or properties for this report; None when they will do.

    Two columns in common prove nothing: every report has the date and the product.
    """
    folded = {fold(title) for title in titles}
    likest = likest_kind(folded)
    if likest is not kind and len(folded & likest.keys) > 2:
        return f"these are the columns of a {likest.report} report"
    missing = [c.title for c in kind.columns if c.is_required and fold(c.title) not in folded]
    if missing:
        return f"required columns are missing: {', '.join(missing)}{separator_hint([*titles])}"
    return None


def repeated(kind: ReportKind, titles: Iterable[str]) -> str | None:
    """Which columns stand twice in these headers or properties; None when each stands once."""
    folded = [fold(title) for title in titles]
    twice = [column.title for column in kind.columns if folded.count(fold(column.title)) > 1]
    return f"columns stand twice: {', '.join(twice)}" if twice else None
