"""Month-end counts as a file for an audit."""

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import datetime

from activation_sync.core.pages.bi_rows import MonthEndCount

# full-width forms too: spreadsheets of some languages take them for the others
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def month_end_csv(rows: Iterable[MonthEndCount]) -> str:
    """A header and a line a row; not known is empty. Fit for a spreadsheet: no text in it becomes a formula."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(field.name for field in fields(MonthEndCount))
    writer.writerows([_cell(value) for value in astuple(row)] for row in rows)
    return written.getvalue()


def defuse(text: str) -> str:
    """Text that a spreadsheet shows as it is: what would start a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 6)
    return defuse(value) if isinstance(value, str) else value
