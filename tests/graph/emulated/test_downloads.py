"""Reports of the emulator, fault by fault."""

import csv
import io
import json
import traceback
from dataclasses import replace

import pytest

from activation_sync.core.model import Report
from activation_sync.emulator import Fault, Scenario, open_emulator
from activation_sync.errors import GraphBusyError, GraphRefusedError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from tests.graph.emulated.connecting import (
    ACKNOWLEDGED,
    COUNTS,
    CSV_HOP,
    PATCH,
    cloud_of,
    read,
    served,
    timing,
    updates,
)


@pytest.mark.parametrize("report", list(Report))
def test_all_three_reports_are_read_as_csv(graph, report):
    rows = list(csv.reader(io.StringIO(read(graph, report).decode("utf-8-sig"), newline="")))
    assert rows[0][0] == "Report Refresh Date"
    assert len(rows) > 1


def test_a_detail_report_is_read_as_json_through_all_its_pages():
    with open_emulator(Scenario(users=2500)) as large:
        cloud, [tenant] = cloud_of(large), large.tenants
        tokens = TokenSource(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, large.ca_file)
        with GraphClient(cloud, tokens, ca_file=large.ca_file) as graph:
            pages = [json.loads(page) for page in read(graph, Report.USER_DETAIL, format="json").split(b"\n")]
        users = [user["userPrincipalName"] for page in pages for user in page["value"]]
        assert large.violations() == ()
    assert len(pages) > 1
    assert len(users) == len(set(users)) > 999


def test_a_report_that_has_not_changed_is_not_sent_again(graph):
    with graph.download(Report.USER_COUNTS) as first:
        assert b"".join(first.chunks)
    with graph.download(Report.USER_COUNTS, etag=first.etag) as second:
        assert first.etag
        assert (second.is_unchanged, list(second.chunks)) == (True, [])


def test_the_token_never_goes_to_the_download_host(graph, emulator):
    for report in Report:
        read(graph, report)
    assert len([entry for entry in emulator.journal() if entry.operation.startswith("download ")]) == len(Report)
    assert emulator.violations() == ()


def test_a_download_host_that_is_not_configured_is_refused(emulator, tenant, cloud, naps):
    cloud = replace(cloud, download_hosts=("reports.example:443",))
    tokens = TokenSource(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, emulator.ca_file)
    with GraphClient(cloud, tokens, **timing(emulator, naps)) as graph, pytest.raises(GraphRefusedError) as caught:
        read(graph)
    assert emulator.download_host in str(caught.value)
    assert "/data/" not in "".join(traceback.format_exception(caught.value))
    assert served(emulator, CSV_HOP) == []


@pytest.mark.parametrize(
    ("operation", "fault", "error"),
    [
        (COUNTS, Fault(400), GraphRefusedError),
        (COUNTS, Fault(401, code="x"), None),
        (COUNTS, Fault(403), GraphRefusedError),
        (COUNTS, Fault(403, code="MissingCredentials"), GraphBusyError),
        (COUNTS, Fault(404), GraphRefusedError),
        (COUNTS, Fault(405), GraphRefusedError),
        (COUNTS, Fault(429), None),
        (COUNTS, Fault(500), GraphBusyError),
        (COUNTS, Fault(501), GraphRefusedError),
        (COUNTS, Fault(502, body="html"), GraphBusyError),
        (COUNTS, Fault(503), None),
        (COUNTS, Fault(504, body="empty"), GraphBusyError),
        (COUNTS, Fault(kind="reset-before-answer"), GraphBusyError),
        (COUNTS, Fault(kind="answer-lost"), GraphBusyError),
        (COUNTS, Fault(kind="expired-token"), None),
        (COUNTS, Fault(kind="claims-challenge"), None),
        (COUNTS, Fault(kind="unknown-tenant"), GraphRefusedError),
        (CSV_HOP, Fault(403), None),
        (CSV_HOP, Fault(429, retry_after_s=3), None),
        (CSV_HOP, Fault(500), GraphBusyError),
        (CSV_HOP, Fault(kind="expired-url"), None),
        (CSV_HOP, Fault(kind="drip", pause_s=0.0), None),
        (CSV_HOP, Fault(kind="reset-before-answer"), GraphBusyError),
        (CSV_HOP, Fault(kind="reset-within-body"), GraphBusyError),
        (CSV_HOP, Fault(kind="cut-length"), GraphBusyError),
        (CSV_HOP, Fault(kind="cut-chunked"), GraphBusyError),
    ],
    ids=lambda value: f"{value.kind}-{value.status}-{value.code}" if isinstance(value, Fault) else "",
)
def test_every_fault_of_a_download_is_got_over_or_named(graph, emulator, operation, fault, error):
    whole = read(graph)
    emulator.will_answer(operation, fault)
    if error is None:
        assert read(graph) == whole
    else:
        with pytest.raises(error):
            read(graph)
        assert read(graph) == whole


@pytest.mark.parametrize(
    "fault", [Fault(kind="html"), Fault(kind="cut-length"), Fault(kind="cut-clean"), Fault(kind="reset-within-body")]
)
def test_a_spoilt_json_page_is_not_believed(graph, emulator, fault):
    emulator.will_answer(COUNTS, fault)
    with pytest.raises(GraphBusyError):
        read(graph, format="json")


@pytest.mark.parametrize("operation", [COUNTS, CSV_HOP, PATCH])
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_is_exactly_as_long_as_asked_in_seconds(graph, emulator, tenant, naps, operation, status):
    emulator.will_answer(operation, Fault(status, retry_after_s=7), times=2)
    if operation == PATCH:
        assert graph.patch(updates(emulator, tenant)[0]).kind is ACKNOWLEDGED
    else:
        read(graph)
    assert (naps, graph.throttled_s) == ([7.0, 7.0], 14.0)


def test_a_wait_until_a_date_ends_neither_before_it_nor_much_after(graph, emulator, naps):
    emulator.will_answer(COUNTS, Fault(429, retry_after_s=7, retry_after_form="http-date"))
    read(graph)
    assert [7 <= nap <= 9 for nap in naps] == [True]


def test_a_report_throttled_for_longer_than_a_worker_should_sleep_says_for_how_long(graph, emulator, naps):
    emulator.will_answer(COUNTS, Fault(429, retry_after_s=300))
    with pytest.raises(GraphBusyError, match="429") as caught:
        read(graph)
    assert (caught.value.retry_after_s, naps) == (300.0, [])
