"""Meaning is refused: every nasty file gets an error that names report, place, column and value, and no person."""

from collections.abc import Callable
from io import BytesIO

import pytest

from activation_sync.core.bounds import Bounds
from activation_sync.core.reports.parse import ParseNotes, parse_counts, parse_detail, parse_platforms
from activation_sync.errors import ReportFormatError
from tests.core.reports.renderings import COUNTS_TITLES, DETAIL_TITLES, PLATFORM_TITLES, csv_of, json_pages

HEADER, DETAIL_HEADER = ",".join(COUNTS_TITLES), ",".join(DETAIL_TITLES)
ITEM = {"reportRefreshDate": "2026-11-19", "productType": "VISIO", "assigned": 5, "activated": 3}
USER = {"reportRefreshDate": "2026-11-19", "userPrincipalName": "adele@contoso.example", "displayName": "Adele Vance"}


def refusal(parse: Callable[[BytesIO], object], stream: BytesIO) -> str:
    with pytest.raises(ReportFormatError) as refused:
        list(parse(stream))
    return str(refused.value)


def row(**cells: str) -> BytesIO:
    """A user counts report of one row, right but for the cells given."""
    right = dict(zip(COUNTS_TITLES, ("2026-11-19", "VISIO", "5", "3", "1"), strict=True))
    return csv_of(HEADER, ",".join({**right, **cells}.values()))


def detail(**cells: str) -> BytesIO:
    right = dict(zip(DETAIL_TITLES, ("2026-11-19", "adele@contoso.example", "Adele Vance", "VISIO"), strict=False))
    filled = {title: right.get(title, "") for title in DETAIL_TITLES}
    return csv_of(DETAIL_HEADER, ",".join({**filled, **cells}.values()))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({"Assigned": "many"}, "column 'Assigned': 'many' is not a whole number", id="a word"),
        pytest.param({"Assigned": "-1"}, "column 'Assigned': '-1' is not a whole number", id="a negative number"),
        pytest.param({"Activated": "3.0"}, "column 'Activated': '3.0' is not a whole number", id="a decimal"),
        pytest.param({"Activated": "1e3"}, "'1e3' is not a whole number", id="an exponent"),
        pytest.param({"Activated": "1_000"}, "'1_000' is not a whole number", id="an underscore"),
        pytest.param({"Activated": "٣"}, "'٣' is not a whole number", id="digits of another script"),
        pytest.param({"Assigned": str(2**63)}, "more than an Int64 holds", id="a number beyond Int64"),
        pytest.param({"Assigned": "9" * 5000}, "more than an Int64 holds", id="a number beyond reason"),
        pytest.param({"Product Type": "  "}, "column 'Product Type': '  ' is blank", id="a blank product"),
        pytest.param({"Report Refresh Date": ""}, "column 'Report Refresh Date': '' is blank", id="a blank date"),
        pytest.param({"Report Refresh Date": "19/11/2026"}, "'19/11/2026' is not a date", id="a date of another form"),
        pytest.param({"Report Refresh Date": "2026-02-30"}, "'2026-02-30' is not a date", id="a day that never was"),
        pytest.param({"Report Refresh Date": "2026-W47-4"}, "'2026-W47-4' is not a date", id="a week date"),
        pytest.param({"Report Refresh Date": "2026-11-19T08:00:00Z"}, "is not a date", id="a time of day"),
    ],
)
def test_a_bad_cell_is_named_by_line_column_and_value(cells, expected):
    message = refusal(parse_counts, row(**cells))

    assert message.startswith("user-counts report, line 2: column ")
    assert expected in message


def test_a_long_value_is_shortened():
    message = refusal(parse_counts, row(Assigned="x" * 1000))

    assert f"'{'x' * 39}…'" in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({"Windows": "two"}, "column 'Windows': 'two' is not a whole number", id="a word"),
        pytest.param(
            {"Last Activated Date": "soon"}, "column 'Last Activated Date': 'soon' is not a date", id="a date"
        ),
        pytest.param({"Activated On Shared Computer": "yes"}, "'yes' is neither True nor False", id="a flag"),
        pytest.param({"User Principal Name": " "}, "column 'User Principal Name': a value (not shown", id="no user"),
    ],
)
def test_a_bad_cell_of_user_detail_is_named_but_never_the_user(cells, expected):
    message = refusal(parse_detail, detail(**cells))

    assert expected in message
    assert "line 2" in message
    assert "dele" not in message


def test_the_line_named_is_the_physical_one():
    stream = csv_of(DETAIL_HEADER, '2026-11-19,u,"two\nlines",V,,,,,,,', "", "2026-11-19,u,,V,,x,,,,,")

    assert "line 5: column 'Windows': 'x'" in refusal(parse_detail, stream)


def test_rows_before_the_bad_one_are_given_so_the_caller_must_take_all_or_nothing():
    rows = parse_detail(csv_of(DETAIL_HEADER, "2026-11-19,u,,V,,,,,,,", "2026-11-19,u,,V,,x,,,,,"))

    assert next(rows).product == "V"
    with pytest.raises(ReportFormatError):
        next(rows)


@pytest.mark.parametrize("second", ["VISIO", "Visio ", "Old Visio"], ids=["same", "another spelling", "alias"])
def test_two_rows_for_one_product_are_named_both(second):
    stream = csv_of(HEADER, "2026-11-19,VISIO,5,3,1", "2026-11-19,OTHER,5,3,1", f"2026-11-19,{second},6,3,1")

    message = refusal(lambda given: parse_counts(given, {"old visio": "Visio"}), stream)

    assert "line 4: a second row for product 'VISIO'; the first is line 2" in message


def test_two_rows_for_one_product_are_refused_in_platform_counts_and_in_json_too():
    platforms = csv_of(",".join(PLATFORM_TITLES), *["2026-11-19,VISIO,1,1,1,1,1"] * 2)

    assert "line 3: a second row for product 'VISIO'; the first is line 2" in refusal(parse_platforms, platforms)
    assert "item 2: a second row" in refusal(parse_counts, json_pages({"value": [ITEM]}, {"value": [ITEM]}))


def test_two_refresh_dates_in_one_report_are_refused():
    stream = csv_of(HEADER, "2026-11-19,VISIO,5,3,1", "2026-11-20,OTHER,5,3,1")
    expected = "line 3: column 'Report Refresh Date': '2026-11-20' is a second refresh date; the report began with"

    assert f"{expected} 2026-11-19" in refusal(parse_counts, stream)


@pytest.mark.parametrize("missing", COUNTS_TITLES[:4])
def test_a_missing_required_column_is_named(missing):
    header = ",".join(title for title in COUNTS_TITLES if title != missing)

    assert f"line 1: required columns are missing: {missing}" in refusal(parse_counts, csv_of(header))


@pytest.mark.parametrize("missing", ["Report Refresh Date", "User Principal Name", "Product Type"])
def test_a_missing_required_column_of_user_detail_is_named(missing):
    header = ",".join(title for title in DETAIL_TITLES if title != missing)

    assert f"required columns are missing: {missing}" in refusal(parse_detail, csv_of(header))


def test_a_column_that_stands_twice_is_refused():
    assert "columns stand twice: Assigned" in refusal(parse_counts, csv_of(f"{HEADER},assigned"))


@pytest.mark.parametrize(
    ("parse", "titles", "likeness"),
    [
        pytest.param(parse_counts, DETAIL_TITLES, "user-detail", id="detail for counts"),
        pytest.param(parse_counts, PLATFORM_TITLES, "platform-counts", id="platforms for counts"),
        pytest.param(parse_platforms, COUNTS_TITLES, "user-counts", id="counts for platforms"),
        pytest.param(parse_platforms, DETAIL_TITLES, "user-detail", id="detail for platforms"),
        pytest.param(parse_detail, COUNTS_TITLES, "user-counts", id="counts for detail"),
        pytest.param(parse_detail, PLATFORM_TITLES, "platform-counts", id="platforms for detail"),
    ],
)
def test_another_report_is_recognised(parse, titles, likeness):
    assert f"these are the columns of a {likeness} report" in refusal(parse, csv_of(",".join(titles)))


def test_a_property_that_stands_twice_is_refused():
    page = {"value": [{**ITEM, "Assigned": 6}]}

    assert "item 1: columns stand twice: Assigned" in refusal(parse_counts, json_pages(page))


def test_another_report_is_recognised_in_json_too():
    nested = {**USER, "userActivationCounts": [{"productType": "VISIO", "windows": 1, "mac": 0}]}

    assert "columns of a user-detail report" in refusal(parse_counts, json_pages({"value": [nested]}))
    assert "columns of a user-counts report" in refusal(parse_detail, json_pages({"value": [ITEM]}))


def test_a_file_that_does_not_begin_with_a_header_shows_nobody():
    message = refusal(parse_detail, csv_of("2026-11-19,adele@contoso.example,Adele Vance,VISIO,,1,0,0,0,0,False"))

    assert "required columns are missing" in message
    assert "dele" not in message


def test_a_row_cut_short_at_the_end_is_seen_as_such():
    message = refusal(parse_counts, csv_of(HEADER, "2026-11-19,VISIO,5,3,1", "2026-11-19,OTH"))

    assert "line 3: 2 fields where the header has 5; the file seems cut short" in message


def test_a_row_cut_short_inside_quotes_is_refused():
    assert "line 2: unexpected end of data" in refusal(parse_counts, csv_of(HEADER, '2026-11-19,"VISI'))


@pytest.mark.parametrize("cells", ["2026-11-19,VISIO,5,3", "2026-11-19,VISIO,5,3,1,7"], ids=["too few", "too many"])
def test_a_row_with_the_wrong_number_of_fields_is_refused(cells):
    message = refusal(parse_counts, csv_of(HEADER, cells, "2026-11-19,OTHER,5,3,1"))

    assert f"line 2: {cells.count(',') + 1} fields where the header has 5." in message


def test_an_empty_file_is_refused():
    assert "the file is empty, 0 bytes" in refusal(parse_counts, BytesIO(b""))


@pytest.mark.parametrize("nothing", [b"\xef\xbb\xbf", b"\r\n\r\n"], ids=["only a BOM", "only line ends"])
def test_a_file_without_even_a_header_is_refused(nothing):
    assert "required columns are missing" in refusal(parse_counts, BytesIO(nothing))


TEXT = f"{HEADER}\r\n2026-11-19,PRÄSENTATION,5,3,1\r\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(TEXT.encode("utf-16"), "line 1: the file is UTF-16", id="UTF-16"),
        pytest.param(TEXT.encode("utf-16-le"), "line 1: there is a NUL byte", id="UTF-16 without BOM"),
        pytest.param(TEXT.encode("latin-1"), "line 2: byte 0xc4 is not UTF-8", id="latin-1"),
        pytest.param(TEXT.encode().replace(b"5", b"\0"), "line 2: there is a NUL byte", id="NUL bytes"),
        pytest.param(TEXT.encode()[:-12] + b"\xc3", "line 2: byte 0xc3 is not UTF-8", id="cut inside a character"),
    ],
)
def test_a_wrong_encoding_is_named_by_line(content, expected):
    assert expected in refusal(parse_counts, BytesIO(content))


def test_the_line_of_a_wrong_byte_is_right_far_into_a_large_file():
    rows = [f"2026-11-19,u{n}@contoso.example,,VISIO,,1,,,,,".encode() for n in range(40_000)]
    rows[34_567] = b"2026-11-19,\xff,,VISIO,,1,,,,,"
    stream = BytesIO(b"\n".join([DETAIL_HEADER.encode(), *rows]))

    assert "line 34569: byte 0xff is not UTF-8" in refusal(parse_detail, stream)


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>", b"\r\n  <html><body>Sign in", b'\xef\xbb\xbf<?xml version="1.0"?>']
)
def test_a_page_in_place_of_a_report_is_refused(page):
    assert "an HTML or XML page in place of a report" in refusal(parse_detail, BytesIO(page))


def test_a_file_without_line_ends_does_not_fill_the_memory():
    assert "a line is longer than 1,000,000 bytes" in refusal(parse_counts, BytesIO(b"a," * 2_000_000))


def test_a_json_document_without_end_does_not_fill_the_memory():
    class Endless:
        def read(self, size: int) -> bytes:
            return b'{"value": ['.ljust(size)

    assert "cut short or damaged" in refusal(parse_counts, Endless())


def test_a_header_whose_quote_never_closes_is_refused():
    assert "line 1: unexpected end of data" in refusal(parse_counts, csv_of('"Report Refresh Date'))


def test_a_quote_that_never_closes_does_not_fill_the_memory():
    stream = csv_of(DETAIL_HEADER, '2026-11-19,u,"never closed', *["2026-11-19,u,,VISIO,,1,,,,,"] * 20_000)

    assert "field larger than field limit" in refusal(parse_detail, stream)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param({"code": "UnknownError", "message": ""}, "'UnknownError'", id="a code"),
        pytest.param({"code": "", "message": "JSON format is not supported."}, "'JSON format is not", id="no code"),
        pytest.param("Forbidden", "'no code'", id="no object"),
    ],
)
def test_an_error_body_in_place_of_a_report_is_refused(error, expected):
    message = refusal(parse_counts, json_pages({"error": error}))

    assert f"Graph's error body in place of a report: {expected}" in message


@pytest.mark.parametrize("page", [[ITEM], 5, {"values": []}, {"value": ITEM}], ids=["list", "number", "name", "object"])
def test_a_page_that_is_no_page_is_refused(page):
    expected = 'a page is not an object with a list "value"'

    assert expected in refusal(parse_counts, json_pages({"value": []}, page))


@pytest.mark.parametrize("item", [None, "VISIO", [1]], ids=["null", "text", "list"])
def test_an_item_that_is_no_object_is_refused(item):
    assert "item 2: not an object" in refusal(parse_counts, json_pages({"value": [ITEM, item]}))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"assigned": "5"}, "property 'assigned': '5' is not a whole number", id="a quoted number"),
        pytest.param({"assigned": True}, "property 'assigned': 'True' is not a whole number", id="a flag"),
        pytest.param({"assigned": 5.0}, "property 'assigned': '5.0' is not a whole number", id="a decimal"),
        pytest.param({"assigned": -5}, "property 'assigned': '-5' is not a whole number", id="a negative number"),
        pytest.param({"assigned": float("nan")}, "'nan' is not a whole number", id="not a number"),
        pytest.param({"assigned": 2**63}, "more than an Int64 holds", id="a number beyond Int64"),
        pytest.param({"productType": 365}, "property 'productType': '365' is not text", id="a number for a product"),
        pytest.param({"productType": "A\0"}, "holds a character that is not text", id="a NUL character"),
        pytest.param({"productType": "\ud800"}, "holds a character that is not text", id="half a character"),
        pytest.param({"productType": None}, "property 'productType': 'None' is blank", id="no product"),
        pytest.param({"reportRefreshDate": "today"}, "'today' is not a date", id="a word for a date"),
    ],
)
def test_a_bad_value_is_named_by_item_and_property(values, expected):
    message = refusal(
        parse_counts, json_pages({"value": [{**ITEM, "productType": "A"}]}, {"value": [{**ITEM, **values}]})
    )

    assert message.startswith("user-counts report, item 2: property ")
    assert expected in message


def test_a_missing_required_property_is_named():
    item = {name: value for name, value in ITEM.items() if name != "activated"}

    assert "item 1: required columns are missing: Activated" in refusal(parse_counts, json_pages({"value": [item]}))


@pytest.mark.parametrize("nested", [None, "VISIO", ["VISIO"], {"productType": "VISIO"}])
def test_nested_products_that_are_no_list_of_objects_are_refused(nested):
    page = {"value": [{**USER, "userActivationCounts": nested}]}
    message = refusal(parse_detail, json_pages(page))

    assert "item 1: property 'userActivationCounts' is not a list of objects" in message
    assert "dele" not in message


@pytest.mark.parametrize("flag", ["True", 1, "yes"])
def test_a_json_flag_must_be_one(flag):
    nested = {"productType": "VISIO", "activatedOnSharedComputer": flag}
    page = {"value": [{**USER, "userActivationCounts": [nested]}]}

    assert "is neither true nor false" in refusal(parse_detail, json_pages(page))


def test_json_cut_short_anywhere_inside_is_refused():
    whole = json_pages({"value": [ITEM]}, {"value": [{**ITEM, "productType": "B"}]}).getvalue()
    first_page = whole.index(b"\n")

    for cut in [*range(2, first_page), *range(first_page + 2, len(whole))]:
        assert "from here on the JSON is cut short or damaged" in refusal(parse_counts, BytesIO(whole[:cut]))


def test_pages_that_announce_another_one_at_the_end_are_refused():
    page = {"value": [ITEM], "@odata.nextLink": "https://graph.microsoft.com/beta/reports/next"}

    assert "item 1: the last page says that more follow" in refusal(parse_counts, json_pages(page))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"{]", "Expecting property name", id="nonsense"),
        pytest.param(b'{"value": [\xff]}', "byte 0xff is not UTF-8", id="wrong encoding"),
        pytest.param(b'{"value": ' + b"[" * 200_000, "out of all bounds", id="endless nesting"),
        pytest.param(b'{"value": [' + b"9" * 10_000 + b"]}", "out of all bounds", id="an endless number"),
    ],
)
def test_what_is_not_json_is_refused(content, expected):
    assert expected in refusal(parse_counts, BytesIO(content))


def test_an_item_without_properties_is_refused():
    assert "item 1: required columns are missing" in refusal(parse_counts, json_pages({"value": [{}]}))
    assert "item 1: required columns are missing" in refusal(parse_detail, json_pages({"value": [{}]}))


def test_lines_that_end_in_a_carriage_return_alone_are_named():
    content = TEXT.replace("\r\n", "\r").encode()
    assert "line 1: a carriage return that ends no line" in refusal(parse_counts, BytesIO(content))


@pytest.mark.parametrize(
    ("bounds", "stream", "expected"),
    [
        pytest.param({"line_bytes": 99}, row(Product="x" * 100), "a line is longer than 99 bytes", id="line_bytes"),
        pytest.param({"field_chars": 9}, row(Assigned="1" * 10), "is longer than 9 characters", id="field_chars"),
        pytest.param(
            {"report_products": 1},
            csv_of(HEADER, "2026-11-19,VISIO,5,3,1", "2026-11-19,OTHER,5,3,1"),
            "line 3: column 'Product Type': 'OTHER' is one product more than the 1 of a report",
            id="report_products",
        ),
        pytest.param(
            {"body_bytes": 99}, json_pages({"value": [ITEM] * 9_999}), "a page is longer than 99", id="body_bytes"
        ),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_the_setting_named(bounds, stream, expected):
    [name] = bounds
    message = refusal(lambda given: parse_counts(given, bounds=Bounds(**bounds)), stream)

    assert expected in message
    assert f"(bounds.{name})" in message


def test_a_report_of_no_end_of_unknown_columns_does_not_fill_the_memory():
    notes = ParseNotes()
    unknown = [f"New {n}" for n in range(5_000)]
    parse_counts(csv_of(",".join([*COUNTS_TITLES, *unknown])), notes=notes)

    assert len(notes.unknown_columns) == 100
