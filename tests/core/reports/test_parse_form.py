"""Form is accepted: however a report is rendered, it parses to the same rows."""

from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.bounds import Bounds
from activation_sync.core.model import CountRow, Counts, DetailRow, PlatformRow, Report
from activation_sync.core.reports.parse import ParseNotes, parse_counts, parse_detail, parse_platforms
from activation_sync.core.reports.sniff import sniff_report
from activation_sync.errors import ReportFormatError
from tests.core.reports.renderings import (
    COUNTS_TITLES,
    DETAIL_TITLES,
    PLATFORM_TITLES,
    Form,
    csv_of,
    csv_report,
    json_pages,
)

DAY = date(2026, 11, 19)
APPS = "MICROSOFT 365 APPS FOR ENTERPRISE"

counts = st.none() | st.integers(0, 2**63 - 1)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=20)
users = names.map(str.lower).filter(str.strip)
products = st.lists(st.sampled_from([APPS, "VISIO", 'PROJECT, "ONLINE"', "VISIO+PROJECT"]), unique=True)


def forms(titles):
    return st.builds(
        Form,
        st.permutations([*titles, "Report Period", "Brand New"]),
        has_bom=st.booleans(),
        line_end=st.sampled_from(["\r\n", "\n"]),
        is_quoted=st.booleans(),
        has_last_line_end=st.booleans(),
        has_midnight=st.booleans(),
    )


@given(st.data(), forms(COUNTS_TITLES), products)
def test_user_counts_are_the_same_in_any_form(data, form, named):
    rows = [CountRow(DAY, name, name, Counts(*data.draw(st.tuples(counts, counts, counts)))) for name in named]
    records = [dict(zip(COUNTS_TITLES, (DAY, r.product, *r.counts), strict=True)) for r in rows]

    assert parse_counts(csv_report(records, form)) == rows


@given(st.data(), forms(PLATFORM_TITLES), products)
def test_platform_counts_are_the_same_in_any_form(data, form, named):
    values = [(DAY, name, *data.draw(st.tuples(*[counts] * 5))) for name in named]
    records = [dict(zip(PLATFORM_TITLES, row, strict=True)) for row in values]

    assert parse_platforms(csv_report(records, form)) == [PlatformRow(*row) for row in values]


detail_rows = st.builds(
    DetailRow,
    *(st.just(DAY), users, names, st.sampled_from([APPS, "VISIO"]), st.none() | st.dates()),
    *([st.none() | st.integers(0, 20)] * 5),
    st.none() | st.booleans(),
)


@given(st.lists(detail_rows, max_size=5), forms(DETAIL_TITLES))
def test_user_detail_is_the_same_in_any_form(rows, form):
    records = [dict(zip(DETAIL_TITLES, row, strict=True)) for row in rows]

    assert list(parse_detail(csv_report(records, form))) == rows


@given(st.lists(detail_rows, max_size=5), st.integers(1, 5))
def test_user_detail_is_the_same_as_json_however_it_is_paged(rows, page_size):
    items = [nested(row) for row in rows]
    pages = [{"value": items[at : at + page_size], "@odata.nextLink": "more"} for at in range(0, len(items), page_size)]

    assert list(parse_detail(json_pages(*pages, {"value": []}))) == rows


def nested(row: DetailRow) -> dict[str, object]:
    day = row.last_activated_on and row.last_activated_on.isoformat()
    platforms = dict(zip(("windows", "mac", "windows10Mobile", "ios", "android"), row[5:10], strict=True))
    inner = {"productType": row.product, "lastActivatedDate": day, **platforms}
    return {
        "reportRefreshDate": row.refreshed_on.isoformat(),
        "userPrincipalName": row.user_principal_name,
        "displayName": row.display_name,
        "userActivationCounts": [{**inner, "activatedOnSharedComputer": row.activated_on_shared_computer}],
    }


def test_a_report_read_a_few_bytes_at_a_time_is_the_same():
    """A character, a line end or a number may fall on the border of two reads."""

    class Dripping:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def read(self, size: int) -> bytes:
            few = min(size, 7)
            taken, self.content = self.content[:few], self.content[few:]
            return taken

    rows = [f"2026-11-19,PRÄSENTATION {n},{n},{n},0" for n in range(50)]
    as_csv = csv_of(",".join(COUNTS_TITLES), *rows).getvalue()
    item = {"reportRefreshDate": "2026-11-19", "assigned": 12345, "activated": 0}
    as_json = json_pages(*({"value": [{**item, "productType": f"Präsentation {n}"}]} for n in range(50))).getvalue()

    assert len(parse_counts(Dripping(as_csv))) == 50
    assert [row.product for row in parse_counts(Dripping(as_json))] == [f"PRÄSENTATION {n}" for n in range(50)]


def test_the_report_of_2017_lacks_the_shared_computer_columns():
    (row,) = parse_counts(csv_of("Report Refresh Date,Product Type,Assigned,Activated", "2017-09-01,VISIO,5,3"))

    assert row.counts == Counts(5, 3, None)


def test_windows_10_mobile_may_vanish():
    (row,) = parse_platforms(csv_of("Report Refresh Date,Product Type,Windows,Mac,Android,iOS", "2026-11-19,V,5,4,3,2"))

    assert row == PlatformRow(DAY, "V", 5, 4, 3, 2, None)


def test_flags_may_be_written_in_any_case():
    rows = [
        f"2026-11-19,u{n}@contoso.example,,V,,,,,,,{flag}" for n, flag in enumerate(("TRUE", "false", " True ", ""))
    ]

    parsed = parse_detail(csv_of(",".join(DETAIL_TITLES), *rows))

    assert [row.activated_on_shared_computer for row in parsed] == [True, False, True, None]


def test_blank_is_absent_and_not_zero():
    (row,) = parse_counts(csv_of(",".join(COUNTS_TITLES), "2026-11-19,VISIO,5, ,"))

    assert row.counts == Counts(5, None, None)


def test_leading_zeros_are_form():
    (row,) = parse_counts(csv_of(",".join(COUNTS_TITLES), f"2026-11-19,VISIO,{'0' * 30}5,000,1"))

    assert row.counts == Counts(5, 0, 1)


def test_more_different_texts_than_are_remembered_are_still_read():
    rows = [f"2026-11-19,P{n},{n},{n},{n}" for n in range(12_000)]

    parsed = parse_counts(csv_of(",".join(COUNTS_TITLES), *rows), bounds=Bounds(report_products=12_000))

    assert [row.counts.assigned for row in parsed] == list(range(12_000))


def test_every_page_may_bring_its_own_byte_order_mark():
    item = {"reportRefreshDate": "2026-11-19", "assigned": 5, "activated": 3}
    pages = [json_pages({"value": [{**item, "productType": name}]}).getvalue() for name in "AB"]

    assert len(parse_counts(BytesIO(b"".join(b"\xef\xbb\xbf" + page + b"\r\n" for page in pages)))) == 2


def test_titles_may_differ_in_case_and_spaces():
    (row,) = parse_counts(csv_of("report refresh date, PRODUCT  TYPE ,assigned,ACTIVATED", "2026-11-19,VISIO,5,3"))

    assert row.counts == Counts(5, 3, None)


def test_a_line_break_inside_quotes_ends_no_row_and_is_a_space_in_the_name():
    rows = parse_detail(
        csv_of(",".join(DETAIL_TITLES), '2026-11-19,u,"Adele\nVance",V,,,,,,,', "2026-11-19,w,,V,,,,,,,")
    )

    assert [row.display_name for row in rows] == ["Adele Vance", ""]


def test_blank_lines_are_passed_over():
    assert len(parse_counts(csv_of(",".join(COUNTS_TITLES), "", "2026-11-19,VISIO,5,3,1", ""))) == 1


def test_a_header_and_nothing_else_is_a_report_without_rows():
    assert parse_counts(csv_of(",".join(COUNTS_TITLES))) == []
    assert list(parse_detail(csv_of(",".join(DETAIL_TITLES)))) == []


def test_pages_without_items_are_a_report_without_rows():
    assert parse_counts(json_pages({"value": []}, {"value": []})) == []


def test_unknown_columns_are_noticed_once_and_change_nothing():
    notes = ParseNotes()
    header = f"{','.join(COUNTS_TITLES)},Report Period"
    rows = parse_counts(csv_of(header, "2026-11-19,A,5,3,1,7", "2026-11-19,B,5,3,1,7"), notes=notes)

    assert [row.counts for row in rows] == [Counts(5, 3, 1)] * 2
    assert notes.unknown_columns == {"Report Period"}


def test_unknown_properties_are_noticed_but_not_the_annotations_of_odata():
    notes = ParseNotes()
    item = {"reportRefreshDate": "2026-11-19", "productType": "V", "assigned": 5, "activated": 3}
    page = {"@odata.context": "anything", "value": [{**item, "@odata.type": "#x", "copilot": 1}]}

    assert len(parse_counts(json_pages(page), notes=notes)) == 1
    assert notes.unknown_columns == {"copilot"}


def test_a_product_keeps_the_spelling_of_graph_beside_our_name():
    notes = ParseNotes()
    item = {"reportRefreshDate": "2026-11-19", "productType": " Office 365  ProPlus", "assigned": 5, "activated": 3}
    (row,) = parse_counts(json_pages({"value": [item]}), {"office 365 proplus": APPS}, notes)

    assert (row.product, row.product_type) == (APPS, "Office 365  ProPlus")
    assert notes.spelled == {APPS: "Office 365  ProPlus"}


def test_a_user_with_several_products_is_one_row_a_product():
    inner = [{"productType": "A", "windows": 2}, {"productType": "B", "activatedOnSharedComputer": True}]
    item = {"reportRefreshDate": "2026-11-19", "userPrincipalName": "u", "displayName": "U"}
    rows = list(parse_detail(json_pages({"value": [{**item, "userActivationCounts": inner}]})))

    assert [(row.product, row.windows, row.activated_on_shared_computer) for row in rows] == [
        ("A", 2, None),
        ("B", None, True),
    ]


def test_a_user_without_products_has_no_row():
    item = {"reportRefreshDate": "2026-11-19", "userPrincipalName": "u", "userActivationCounts": []}

    assert list(parse_detail(json_pages({"value": [item]}))) == []


LEADS = {
    "blank lines": b"\r\n\n",
    "two byte order marks": b"\xef\xbb\xbf" * 2,
    "a zero-width space": b"\xe2\x80\x8b",
    "all of them": b"\xef\xbb\xbf\r\n\xe2\x80\x8b\xef\xbb\xbf \n",
}


@pytest.mark.parametrize("lead", LEADS.values(), ids=LEADS)
def test_what_tools_put_before_the_first_header_is_passed_over(lead):
    quoted = csv_of('"Report Refresh Date",Product Type,Assigned,Activated', "2026-11-19,VISIO,5,3").getvalue()
    item = {"reportRefreshDate": "2026-11-19", "productType": "VISIO", "assigned": 5, "activated": 3}
    for content, suffix in ((quoted, "csv"), (json_pages({"value": [item]}).getvalue(), "json")):
        [row] = parse_counts(BytesIO(lead + content))
        assert (row.product, row.counts) == ("VISIO", Counts(5, 3, None))
        assert sniff_report(BytesIO(lead + content)) == (Report.USER_COUNTS, suffix)


def test_lines_are_counted_from_the_first_of_the_file_whatever_stands_before_the_header():
    with pytest.raises(ReportFormatError, match="line 4: column 'Assigned'"):
        parse_counts(BytesIO(b"\n\n" + csv_of(",".join(COUNTS_TITLES), "2026-11-19,VISIO,x,3,1").getvalue()))


@pytest.mark.parametrize("link", [None, ""])
def test_a_last_page_may_name_the_next_one_as_nothing(link):
    item = {"reportRefreshDate": "2026-11-19", "productType": "VISIO", "assigned": 5, "activated": 3}
    assert len(parse_counts(json_pages({"value": [item], "@odata.nextLink": link}))) == 1


@pytest.mark.parametrize(
    "moment", ["2026-11-18T23:59:59Z", "2026-11-18 08:00:00", "2026-11-18T08:00", "2026-11-18T08:00:00.1234567+00:00"]
)
def test_a_last_activation_with_its_time_of_day_is_a_date(moment):
    [row] = parse_detail(csv_of(",".join(DETAIL_TITLES), f"2026-11-19,u,,V,{moment},,,,,,"))
    assert row.last_activated_on == date(2026, 11, 18)


def test_a_users_name_is_one_however_it_is_spelled():
    [row] = parse_detail(csv_of(",".join(DETAIL_TITLES), "2026-11-19,Adele@Contoso.example,Adele V,V,,,,,,,"))
    assert (row.user_principal_name, row.display_name) == ("adele@contoso.example", "Adele V")


def test_a_name_that_graph_concealed_stays_as_it_is():
    [row] = parse_detail(csv_of(",".join(DETAIL_TITLES), f"2026-11-19,{'0123456789ABCDEF' * 2},,V,,,,,,,"))
    assert row.user_principal_name == "0123456789ABCDEF" * 2


def test_what_is_not_seen_in_a_text_is_not_kept():
    notes = ParseNotes()
    [row] = parse_counts(csv_of(",".join(COUNTS_TITLES), "2026-11-19,\u202eVI\u200bSIO\x1b[31m,5,3,1"), notes=notes)
    assert (row.product, row.product_type) == ("VISIO[31M", "VISIO[31m")
    [user] = parse_detail(csv_of(",".join(DETAIL_TITLES), "2026-11-19,u\x07@x,Ad\u2066ele\x9b,V,,,,,,,"))
    assert (user.user_principal_name, user.display_name) == ("u@x", "Adele")
