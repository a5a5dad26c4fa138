"""The shapes that Microsoft documents and tenants have shown, values made up or Microsoft's own examples."""

from datetime import date

from activation_sync.core.model import CountRow, Counts, DetailRow, PlatformRow
from activation_sync.core.reports.parse import parse_counts, parse_detail, parse_platforms
from tests.core.reports.renderings import csv_of, json_pages

APPS = "MICROSOFT 365 APPS FOR ENTERPRISE"
SEPTEMBER = date(2017, 9, 1)


def test_user_counts_as_csv():
    header = "Report Refresh Date,Product Type,Assigned,Activated,Shared Computer Activation"

    assert parse_counts(csv_of(header, f"2022-10-25,{APPS},24,5,0")) == [
        CountRow(date(2022, 10, 25), APPS, APPS, Counts(24, 5, 0))
    ]


def test_user_counts_as_json():
    item = {
        "reportRefreshDate": "2017-09-01",
        "productType": "Microsoft 365 Apps for enterprise",
        "assigned": 2679,
        "activated": 1710,
        "sharedComputerActivation": 1024,
    }

    assert parse_counts(json_pages({"value": [item]})) == [
        CountRow(SEPTEMBER, APPS, "Microsoft 365 Apps for enterprise", Counts(2679, 1710, 1024))
    ]


def test_platform_counts_as_csv_and_json_order_the_platforms_by_name_not_by_place():
    header = "Report Refresh Date,Product Type,Windows,Mac,Windows 10 Mobile,iOS,Android"
    item = {"reportRefreshDate": "2017-09-01", "productType": "V", "windows": 9157, "mac": 576, "android": 358}
    page = {"value": [{**item, "ios": 1452, "windows10Mobile": 2309}]}
    expected = [PlatformRow(SEPTEMBER, "V", windows=9157, mac=576, android=358, ios=1452, windows_10_mobile=2309)]

    assert parse_platforms(csv_of(header, "2017-09-01,V,9157,576,2309,1452,358")) == expected
    assert parse_platforms(json_pages(page)) == expected


def test_user_detail_as_csv_with_concealed_names():
    header = (
        "Report Refresh Date,User Principal Name,Display Name,Product Type,Last Activated Date,"
        "Windows,Mac,Windows 10 Mobile,iOS,Android,Activated On Shared Computer"
    )
    upn, name = "0123456789ABCDEF0123456789ABCDEF", "FEDCBA9876543210FEDCBA9876543210"
    (row,) = parse_detail(csv_of(header, f"2022-10-25,{upn},{name},{APPS},2021-01-10,1,0,0,0,0,False"))

    expected = DetailRow(date(2022, 10, 25), upn, name, APPS, date(2021, 1, 10), 1, 0, 0, 0, 0, False)
    assert row == expected


def test_user_detail_as_json():
    inner = {
        "productType": "Project Client",
        "lastActivatedDate": "2017-08-20",
        "windows": 5,
        "mac": 0,
        "windows10Mobile": 0,
        "ios": 0,
        "android": 2,
        "activatedOnSharedComputer": True,
    }
    item = {"reportRefreshDate": "2017-09-01", "userPrincipalName": "upn-value", "displayName": "name-value"}
    page = {
        "@odata.context": "https://graph.microsoft.com/beta/$metadata#Collection(microsoft.graph.x)",
        "value": [{**item, "userActivationCounts": [inner]}],
    }
    (row,) = parse_detail(json_pages(page))

    activated_on = date(2017, 8, 20)
    expected = DetailRow(SEPTEMBER, "upn-value", "name-value", "PROJECT CLIENT", activated_on, 5, 0, 0, 0, 2, True)
    assert row == expected
