"""Reports as bytes, in any form that Graph has been seen to use."""

import json
from collections.abc import Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from io import BytesIO, StringIO

COUNTS_TITLES = ("Report Refresh Date", "Product Type", "Assigned", "Activated", "Shared Computer Activation")
PLATFORM_TITLES = ("Report Refresh Date", "Product Type", "Windows", "Mac", "Android", "iOS", "Windows 10 Mobile")
DETAIL_TITLES = (
    *("Report Refresh Date", "User Principal Name", "Display Name", "Product Type", "Last Activated Date"),
    *("Windows", "Mac", "Windows 10 Mobile", "iOS", "Android", "Activated On Shared Computer"),
)


@dataclass(frozen=True)
class Form:
    """What may differ between two files that say the same."""

    titles: Sequence[str]  # the columns, in any order, with or without others
    has_bom: bool = True
    line_end: str = "\r\n"
    is_quoted: bool = False
    has_last_line_end: bool = True
    has_midnight: bool = False


def csv_report(records: Sequence[Mapping[str, object]], form: Form) -> BytesIO:
    """Records by column title, as a CSV file of some form; absent is blank, and unknown columns say `new`."""
    text = StringIO(newline="")
    out = writer(text, lineterminator=form.line_end, quoting=1 if form.is_quoted else 0)
    out.writerow(form.titles)
    out.writerows([_cell(record.get(title, "new"), form) for title in form.titles] for record in records)
    rendered = text.getvalue() if form.has_last_line_end else text.getvalue().removesuffix(form.line_end)
    return BytesIO(rendered.encode("utf-8-sig" if form.has_bom else "utf-8"))


def csv_of(*lines: str) -> BytesIO:
    """A CSV file written out by hand."""
    return BytesIO("".join(f"{line}\r\n" for line in lines).encode("utf-8-sig"))


def json_pages(*pages: object) -> BytesIO:
    """Page bodies as they are landed: one after another."""
    return BytesIO("\n".join(json.dumps(page) for page in pages).encode())


def _cell(value: object, form: Form) -> str:
    if value is None:
        return ""
    is_date = hasattr(value, "isoformat")
    return f"{value}T00:00:00Z" if is_date and form.has_midnight else str(value)
