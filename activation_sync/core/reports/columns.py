"""What a column of a report is, as CSV and as JSON; which report has which stands in `catalogue`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from activation_sync.core.plain_text import plain_text


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


def fold(title: str) -> str:
    """A header without regard to case, spaces and what is not seen; the JSON property of a column folds to the same."""
    return "".join(plain_text(title).split()).casefold()


def separator_hint(titles: Sequence[str]) -> str:
    """What to say of a header that holds all titles in one: spreadsheets of many countries separate by semicolons."""
    found = next((name for sign, name in SEPARATORS if len(titles) == 1 and sign in titles[0]), "")
    again = "was the file saved again by a spreadsheet? Import the file as it was downloaded"
    return f"; its columns are separated by {found}: {again}" if found else ""


SEPARATORS = ((";", "semicolons"), ("\t", "tabs"))
REFRESH_DATE = Column("Report Refresh Date", "reportRefreshDate", Kind.REFRESH_DATE, is_required=True)
PRODUCT_TYPE = Column("Product Type", "productType", Kind.PRODUCT, is_required=True)
WINDOWS = Column("Windows", "windows", Kind.COUNT)
MAC = Column("Mac", "mac", Kind.COUNT)
ANDROID = Column("Android", "android", Kind.COUNT)
IOS = Column("iOS", "ios", Kind.COUNT)
WINDOWS_10_MOBILE = Column("Windows 10 Mobile", "windows10Mobile", Kind.COUNT)
