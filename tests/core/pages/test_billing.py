"""A file for auditors: exact, and harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.pages.bi_rows import MonthEndCount
from activation_sync.core.pages.billing import defuse, month_end_csv

AT = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
END = date(2026, 11, 30)


def row(product: str = "APPS", assigned: int | None = 12, updated_by: str = "job") -> MonthEndCount:
    share = 2 / 3 if assigned else None
    return MonthEndCount("contoso", "2026-11", product, assigned, 8, 0, share, END, END, 0, AT, updated_by, None)


def cells(*rows: MonthEndCount) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(month_end_csv(rows), newline="")))


def test_a_line_says_the_counts_their_date_and_where_they_come_from():
    [line] = cells(row())
    assert line == {
        "tenant": "contoso",
        "month": "2026-11",
        "product": "APPS",
        "assigned": "12",
        "activated": "8",
        "shared_computer_activation": "0",
        "adoption_share": "0.666667",
        "refreshed_on": "2026-11-30",
        "tenant_refreshed_on": "2026-11-30",
        "days_before_month_end": "0",
        "updated_at": "2026-12-02T02:00:00+00:00",
        "updated_by": "job",
        "observed_id": "",
    }


def test_what_is_not_known_is_empty_and_zero_is_zero():
    unknown, none = cells(row(assigned=None), row(assigned=0))
    assert (unknown["assigned"], none["assigned"], none["adoption_share"]) == ("", "0", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_what_would_start_a_formula_becomes_text(start):
    hostile = f"{start}cmd|' /C calc'!A0"
    [line] = cells(row(product=hostile, updated_by=hostile))
    assert line["product"] == line["updated_by"] == f"'{hostile}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_name_comes_back_and_none_is_a_formula(name):
    [line] = cells(row(product=name))
    assert line["product"] in (name, f"'{name}")
    assert not line["product"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert defuse(name) == line["product"]


def test_without_rows_there_is_a_header():
    assert month_end_csv([]).startswith("tenant,month,product,")
    assert cells() == []
