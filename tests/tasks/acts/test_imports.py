"""Reports downloaded by hand: whatever a file is called, its content decides; a bad one leaves nothing behind."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from activation_sync.core.model import Report
from activation_sync.errors import LandingError, ReportFormatError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.reports.manifest import newest_landed
from tasks.acts.imports import ImportedReport, import_report
from tests.support.sites.offline_site import (
    APPS,
    COUNTS_HEADER,
    TENANT,
    VISIO,
    OfflineSite,
    counts_csv,
    day,
    detail_csv,
    platforms_csv,
)

DAY = day(0)
USERS = {APPS: 3, VISIO: 2}
CSV = {
    Report.USER_COUNTS: counts_csv(DAY, USERS),
    Report.USER_DETAIL: detail_csv(DAY, USERS),
    Report.PLATFORM_COUNTS: platforms_csv(DAY, USERS),
}
ROWS = {Report.USER_COUNTS: 2, Report.USER_DETAIL: 5, Report.PLATFORM_COUNTS: 2}


def page(*items: dict) -> bytes:
    return json.dumps({"@odata.context": "https://graph.microsoft.com/beta/$metadata", "value": list(items)}).encode()


JSON = {
    Report.USER_COUNTS: page(
        {"reportRefreshDate": "2026-01-01", "productType": APPS, "assigned": 3, "activated": 1,
         "sharedComputerActivation": 0},
    ),
    Report.USER_DETAIL: page(
        {"reportRefreshDate": "2026-01-01", "userPrincipalName": "user0@contoso.example", "displayName": "User 0",
         "userActivationCounts": [
             {"productType": APPS, "lastActivatedDate": "2026-01-01", "windows": 1, "mac": 0, "windows10Mobile": 0,
              "ios": 0, "android": 0, "activatedOnSharedComputer": False},
             {"productType": VISIO, "lastActivatedDate": None, "windows": 0, "mac": 0, "windows10Mobile": 0,
              "ios": 0, "android": 0, "activatedOnSharedComputer": False},
         ]},
    ),
    Report.PLATFORM_COUNTS: page(
        {"reportRefreshDate": "2026-01-01", "productType": APPS, "windows": 3, "mac": 0, "android": 0, "ios": 0,
         "windows10Mobile": 0},
    ),
}  # fmt: skip


def bring(site: OfflineSite, content: bytes, name: str = "download (3).txt") -> ImportedReport:
    with site.hold() as run:
        return import_report(TENANT, site.file(name, content), run.lease)


def kept(site: OfflineSite) -> list[Path]:
    return [path for path in (site.folder / "landing").rglob("*") if path.is_file()]


@pytest.mark.parametrize("report", Report)
def test_a_csv_is_known_by_its_content_and_kept_byte_for_byte(site, report):
    imported = bring(site, CSV[report])
    assert (imported.report, imported.refreshed_on, imported.rows, imported.is_known) == (
        report,
        DAY,
        ROWS[report],
        False,
    )
    [landed] = kept(site)
    assert (landed.read_bytes(), landed.suffix, landed.parent.name) == (CSV[report], ".csv", report)


@pytest.mark.parametrize("report", Report)
def test_json_as_graph_writes_it_is_imported_too(site, report):
    imported = bring(site, JSON[report])
    assert (imported.report, imported.refreshed_on) == (report, DAY)
    assert [landed.suffix for landed in kept(site)] == [".json"]


def test_it_can_be_backfilled_and_until_then_changes_nothing(site):
    for content in CSV.values():
        bring(site, content)
    assert site.query("SELECT count(*) FROM raw_report WHERE reconciled_at IS NOT NULL") == [(0,)]
    assert site.query("SELECT count(*) FROM activation_user_count") == [(0,)]

    site.backfill(DAY, DAY)

    rows = site.query("SELECT product, assigned, activated FROM activation_user_count ORDER BY product")
    assert rows == [(APPS, 3, 1), (VISIO, 2, 1)]
    assert site.query("SELECT count(*) FROM activation_platform_count") == [(10,)]


def test_of_user_detail_only_the_counts_are_kept(site):
    bring(site, CSV[Report.USER_DETAIL])
    site.backfill(DAY, DAY)
    assert site.query("SELECT count(*) FROM detail_snapshot") == [(0,)]
    assert site.query("SELECT count(*) FROM loaded_user_detail") == [(0,)]


@pytest.mark.parametrize(
    ("dated", "why"), [(date(2037, 1, 19), "has not come yet"), (date(1, 1, 1), "when no such report existed")]
)
@pytest.mark.parametrize("csv", [counts_csv, detail_csv, platforms_csv])
def test_a_report_of_a_date_that_cannot_be_is_refused_and_nothing_of_it_is_kept(site, csv, dated, why):
    with pytest.raises(ReportFormatError, match=f"dated {dated}.*{why}"):
        bring(site, csv(dated, USERS))

    assert kept(site) == []
    assert site.query("SELECT count(*) FROM raw_report") == [(0,)]


def test_the_same_bytes_again_are_known_and_change_nothing(site):
    first = bring(site, CSV[Report.USER_COUNTS])
    before = site.dump()
    again = bring(site, CSV[Report.USER_COUNTS], "copy.csv")
    assert (again.sha256, again.is_known) == (first.sha256, True)
    assert site.dump() == before


def test_what_graph_gave_stays_what_graph_is_asked_about(site):
    site.land((Report.USER_COUNTS, counts_csv(day(5), USERS)))
    bring(site, CSV[Report.USER_COUNTS])
    bring(site, counts_csv(day(5), USERS))
    with reading(site.engine) as connection:
        newest = newest_landed(connection, TENANT, Report.USER_COUNTS)
    assert newest
    assert (newest.refreshed_on, newest.etag) == (day(5), '"e"')


FOREIGN = {
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\r1 0 obj <</Title (confidential)>>",
    "a PDF with old line ends": b"%PDF-1.7\r%confidential\r1 0 obj",
    "a zip": b'PK\x03\x04\x14confidential\r\n"',
    "another CSV": b"confidential,Salary\n1,2\n",
    "other JSON": b'{"value": [{"confidential": 1}]}',
}
BAD = {
    "old line ends": (CSV[Report.USER_COUNTS].replace(b"\r\n", b"\r"), "none of the three activation reports"),
    "items without properties": (b'{"value":[{}]}', "none of the three activation reports"),
    "empty": (b"", "the file is empty"),
    "blank": (b"\xef\xbb\xbf \r\n", "the file is blank"),
    "a sign-in page": (b"<!DOCTYPE html><html>", "it is an HTML or XML page"),
    "UTF-16": ("Report Refresh Date,Product Type".encode("utf-16"), "is not UTF-8"),
    "another report": (b"Report Refresh Date,Site Id,Site URL\r\n", "columns Report Refresh Date, Site Id, Site URL"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00", "is not UTF-8"),
    "JSON of something else": (b'{"hello": 1}', 'without a list "value"'),
    "JSON cut short": (JSON[Report.USER_COUNTS][:-20], "cut short or damaged"),
    "JSON without items": (page(), "nothing tells which report"),
    "the first page of two": (
        JSON[Report.USER_COUNTS].replace(b'{"@odata', b'{"@odata.nextLink": "https://x", "@odata', 1),
        "the last page says that more follow",
    ),
    "a header alone": (f"{COUNTS_HEADER}\r\n".encode(), "a header and no rows"),
    "a CSV cut short": (CSV[Report.USER_COUNTS][:-8], "fields where the header has 5; the file seems cut short"),
    "a word for a number": (CSV[Report.USER_COUNTS].replace(b",3,", b",three,"), "line 2: column 'Assigned'"),
    "two products alike": (counts_csv(DAY, USERS) + f"{DAY},{APPS},1,1,0\r\n".encode(), "a second row for product"),
    "two users alike": (detail_csv(DAY, {APPS: 1}) + detail_csv(DAY, {APPS: 1}).split(b"\r\n", 1)[1], "two rows"),
    "two refresh dates": (
        CSV[Report.USER_COUNTS] + b"2026-01-02,PROJECT,1,1,0\r\n",
        "2026-01-02",
    ),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_whole_with_the_reason_and_nothing_of_it_stays(site, content, says):
    before = site.dump()
    with pytest.raises(ReportFormatError) as refused:
        bring(site, content)
    assert says in str(refused.value)
    assert "landed bytes" not in str(refused.value)
    assert "user0" not in str(refused.value)
    assert site.dump() == before
    assert kept(site) == []


def test_a_file_that_is_not_there_is_named_by_its_reason(site):
    with site.hold() as run:
        for path, reason in ((site.folder / "nowhere.csv", "No such file"), (site.folder, "Is a directory")):
            with pytest.raises(LandingError, match=reason):
                import_report(TENANT, path, run.lease)


def test_bytes_that_a_night_landed_and_rejected_are_tried_again_and_stay_when_bad(site):
    bad = CSV[Report.USER_COUNTS].replace(b",3,", b",three,")
    site.land((Report.USER_COUNTS, bad), is_loaded=False)
    with pytest.raises(ReportFormatError):
        bring(site, bad)
    assert len(kept(site)) == 1


def test_a_pipe_is_refused_at_once(site):
    pipe = site.folder / "pipe.csv"
    os.mkfifo(pipe)
    with site.hold() as run, pytest.raises(LandingError, match="a pipe or a device"):
        import_report(TENANT, pipe, run.lease)


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_another_kind_is_refused_and_nothing_of_it_is_shown(site, content):
    with pytest.raises(ReportFormatError, match="none of the three activation reports") as refused:
        bring(site, content)
    assert "confidential" not in str(refused.value)
    assert kept(site) == []
