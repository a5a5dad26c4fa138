"""What a file is told to be, by its header or its first item."""

import io
import json

import pytest

from activation_sync.core.model import Report
from activation_sync.core.reports.sniff import sniff_report
from activation_sync.errors import ReportFormatError

DATE, PRODUCT = "Report Refresh Date", "Product Type"


def sniffed(content: bytes) -> tuple[str, str]:
    return tuple(sniff_report(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("header", "report"),
    [
        pytest.param(f"{DATE},{PRODUCT},Assigned,Activated", Report.USER_COUNTS, id="as-of-2017"),
        pytest.param(f"Activated,ASSIGNED,{PRODUCT},{DATE},New Column", Report.USER_COUNTS, id="another-order"),
        pytest.param(f'"{DATE}","{PRODUCT}","Windows","Mac"', Report.PLATFORM_COUNTS, id="quoted"),
        pytest.param(f"{DATE},User Principal Name,{PRODUCT}", Report.USER_DETAIL, id="few-columns"),
    ],
)
def test_a_csv_is_told_by_its_header_whatever_its_form(header, report):
    for mark in (b"", b"\xef\xbb\xbf"):
        for end in (b"\n", b"\r\n", b""):
            assert sniffed(mark + header.encode() + end) == (report, "csv")


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_csv_that_a_spreadsheet_saved_again_is_refused_with_that_guess(sign, name):
    header = sign.join((DATE, PRODUCT, "Assigned", "Activated"))

    with pytest.raises(ReportFormatError, match=f"separated by {name}: was the file saved again by a spreadsheet"):
        sniffed(header.encode() + b"\r\n")


def test_json_is_told_by_its_first_item_though_pages_follow():
    item = {"reportRefreshDate": "2026-01-01", "userPrincipalName": "a@b.example", "userActivationCounts": []}
    page = json.dumps({"value": [item] * 2000}).encode()
    assert sniffed(page + b"\n" + page) == (Report.USER_DETAIL, "json")


@pytest.mark.parametrize(
    "content",
    [b"[1, 2]", b'{"value": [3]}', b"Report Refresh Date,User Principal Name", b"\x00\x01", b'{"value": {}}', b"{"],
)
def test_another_file_is_refused_and_its_content_shown_at_most_in_part(content):
    with pytest.raises(ReportFormatError, match="none of the three activation reports"):
        sniffed(content)


def test_a_long_header_of_another_file_is_cut():
    with pytest.raises(ReportFormatError) as refused:
        sniffed(",".join(["x" * 1000] * 50).encode())
    assert len(str(refused.value)) < 400
