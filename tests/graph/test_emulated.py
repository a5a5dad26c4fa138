"""The client against the emulator: unmodified MSAL and httpx, real sockets, every fault it knows.

Naps move the emulator's clock instead of being slept, so the emulator itself judges whether a wait was long enough.
"""

import csv
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activation_sync.core.model import Counts, Key, Report
from activation_sync.core.products import product_key
from activation_sync.core.run import AnswerKind, CountUpdate
from activation_sync.emulator import EmulatedTenant, Emulator, Fault, Scenario, open_emulator
from activation_sync.errors import ActivationSyncError, CredentialError, GraphBusyError, GraphRefusedError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import CLOUDS, Cloud

PATCH = "PATCH office365ActivationsUserCounts"
READ = "GET office365ActivationsUserCounts"
COUNTS = "GET getOffice365ActivationsUserCounts"
CSV_HOP = "download getOffice365ActivationsUserCounts"
ACKNOWLEDGED, BUSY = AnswerKind.ACKNOWLEDGED, AnswerKind.BUSY
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Fails the test when a scripted fault never happened, or the client did what a client must not do."""
    with open_emulator(Scenario(users=30, page_users=10)) as running:
        yield running
        assert running.unused_faults() == ()
        assert running.violations() == ()


@pytest.fixture
def tenant(emulator: Emulator) -> EmulatedTenant:
    return emulator.tenants[0]


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    return cloud_of(emulator)


@pytest.fixture
def connect(emulator: Emulator, cloud: Cloud, tenant: EmulatedTenant, naps: list[float]) -> Iterator[Callable]:
    """Opens a client of the emulator; options as GraphClient and TokenSource have them."""
    with ExitStack() as stack:

        def opener(secret: str = tenant.client_secret, tenant_id: str = tenant.tenant_id, **options: object):
            tokens = TokenSource(tenant_id, tenant.client_id, secret, cloud, emulator.ca_file)
            client = GraphClient(cloud, tokens, **(timing(emulator, naps) | options))
            return stack.enter_context(client)

        yield opener


@pytest.fixture
def graph(connect: Callable[..., GraphClient]) -> GraphClient:
    return connect()


def cloud_of(emulator: Emulator) -> Cloud:
    return CLOUDS["global"].at(emulator.graph_root, emulator.authority_root, (emulator.download_host,))


def timing(emulator: Emulator, naps: list[float]) -> dict[str, object]:
    def sleep(seconds: float) -> None:
        naps.append(seconds)
        emulator.advance(seconds=seconds)

    return {
        "ca_file": emulator.ca_file,
        "sleep": sleep,
        "clock": lambda: NOON + timedelta(seconds=sum(naps)),
        "jitter": lambda: 1.0,
    }


def read(graph: GraphClient, report: Report = Report.USER_COUNTS, **options: str) -> bytes:
    with graph.download(report, **options) as download:
        return b"".join(download.chunks)


def updates(emulator: Emulator, tenant: EmulatedTenant, more: int = 1) -> list[CountUpdate]:
    """A PATCH for every row Graph holds of the newest date: one more user assigned."""
    return [
        CountUpdate(
            Key(row.refreshed_on, product_key(row.product_type)),
            row.product_type,
            Counts(row.counts.assigned + more, row.counts.activated, row.counts.shared_computer_activation),
        )
        for row in emulator.rows(tenant.tenant_id)
        if row.refreshed_on == emulator.refreshed_on
    ]


def served(emulator: Emulator, operation: str) -> list[int | None]:
    return [entry.status for entry in emulator.journal() if entry.operation == operation]


@pytest.mark.parametrize("report", list(Report))
def test_all_three_reports_are_read_as_csv(graph, report):
    rows = list(csv.reader(io.StringIO(read(graph, report).decode("utf-8-sig"), newline="")))
    assert rows[0][0] == "Report Refresh Date"
    assert len(rows) > 1


def test_a_detail_report_is_read_as_json_through_all_its_pages(connect, emulator):
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


def test_eight_cold_threads_sign_in_once(graph, emulator):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: graph.read_token_roles(), range(8)))
    assert (served(emulator, "discovery"), served(emulator, "token")) == ([200], [200])


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


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(400), AnswerKind.REFUSED),
        (Fault(400, message="Resource not found for the segment 'x'."), AnswerKind.NOT_OFFERED),
        (Fault(404), AnswerKind.REFUSED),
        (Fault(405), AnswerKind.NOT_OFFERED),
        (Fault(409), ACKNOWLEDGED),
        (Fault(412), AnswerKind.SUPERSEDED),
        (Fault(429), ACKNOWLEDGED),
        (Fault(500), BUSY),
        (Fault(501), AnswerKind.NOT_OFFERED),
        (Fault(502, body="html"), BUSY),
        (Fault(503), ACKNOWLEDGED),
        (Fault(504), BUSY),
        (Fault(kind="html"), BUSY),
        (Fault(kind="reset-before-answer"), BUSY),
        (Fault(kind="reset-within-body"), BUSY),
        (Fault(kind="answer-lost"), BUSY),
        (Fault(kind="cut-length"), BUSY),
        (Fault(kind="cut-chunked"), BUSY),
        (Fault(kind="cut-clean"), BUSY),
        (Fault(kind="expired-token"), ACKNOWLEDGED),
        (Fault(kind="claims-challenge"), ACKNOWLEDGED),
        (Fault(kind="ignored"), AnswerKind.DIFFERENT),
        (Fault(kind="echoed"), ACKNOWLEDGED),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else str(value),
)
def test_every_fault_of_a_patch_has_its_answer(graph, emulator, tenant, fault, kind):
    first, second = updates(emulator, tenant)[:2]
    emulator.will_answer(PATCH, fault)
    assert graph.patch(first).kind is kind
    assert graph.patch(second).kind is ACKNOWLEDGED


def test_a_patch_without_permission_stops_all(graph, emulator, tenant):
    emulator.will_answer(PATCH, Fault(403))
    with pytest.raises(GraphRefusedError, match="403"):
        graph.patch(updates(emulator, tenant)[0])


def test_a_patch_whose_answer_is_lost_may_have_arrived(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    emulator.will_answer(PATCH, Fault(kind="answer-lost"))
    assert graph.patch(update).kind is BUSY
    assert assigned(graph, update) == update.counts.assigned


def test_a_patch_that_was_only_echoed_is_found_out_by_reading_back(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    emulator.will_answer(PATCH, Fault(kind="echoed"))
    assert graph.patch(update).kind is ACKNOWLEDGED
    assert assigned(graph, update) != update.counts.assigned


def assigned(graph: GraphClient, update: CountUpdate) -> int | None:
    found = graph.read_counts(update.key.refreshed_on) or []
    return next(row.counts.assigned for row, _ in found if row.key == update.key)


def test_a_row_is_patched_by_the_id_of_its_acknowledgement(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    answer = graph.patch(update)
    again = graph.patch(replace(update, graph_id=answer.graph_id))
    assert answer.graph_id
    assert (again.kind, again.graph_id) == (ACKNOWLEDGED, answer.graph_id)
    assert emulator.journal()[-1].body["id"] == answer.graph_id


def test_four_threads_patch_all_rows_and_obey_a_429_together(graph, emulator, tenant, naps):
    rows = updates(emulator, tenant) * 4
    emulator.will_answer(PATCH, Fault(429, retry_after_s=2), times=3)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(graph.patch, rows))
    assert {answer.kind for answer in answers} == {ACKNOWLEDGED}
    assert set(naps) == {2.0}
    assert served(emulator, "token") == [200]


def test_a_challenge_to_several_threads_is_answered_with_one_token(graph, emulator, tenant):
    graph.read_token_roles()
    rows = updates(emulator, tenant)[:4]
    for row in rows:
        emulator.will_answer(PATCH, Fault(kind="claims-challenge", product=row.product_type))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(graph.patch, rows))
    assert {answer.kind for answer in answers} == {ACKNOWLEDGED}
    assert 2 <= len(served(emulator, "token")) <= 5


def test_a_batch_with_mixed_outcomes_settles_each_row_by_itself(graph, emulator, tenant, naps):
    rows = updates(emulator, tenant)[:5]
    products = [row.product_type for row in rows]
    emulator.will_answer(PATCH, Fault(429, retry_after_s=7, product=products[0]))
    emulator.will_answer(PATCH, Fault(kind="ignored", product=products[1]))
    emulator.will_answer(PATCH, Fault(400, product=products[2]))
    emulator.will_answer(PATCH, Fault(504, product=products[3]))
    answers = graph.patch_batch(rows)
    assert [answer.kind.value for answer in answers] == ["acknowledged", "different", "refused", "busy", "acknowledged"]
    assert naps == [7.0]
    assert served(emulator, "POST $batch") == [200, 200]
    assert len(served(emulator, PATCH)) == 6


def test_a_batch_out_of_reach_leaves_every_row_for_later(graph, emulator, tenant):
    rows = updates(emulator, tenant)
    emulator.will_answer("POST $batch", Fault(kind="answer-lost"))
    assert {answer.kind for answer in graph.patch_batch(rows)} == {BUSY}


def test_a_row_of_a_date_graph_does_not_hold_is_refused_for_good(graph, emulator, tenant):
    update = updates(emulator, tenant)[0]
    unknown = replace(update, key=update.key._replace(refreshed_on=update.key.refreshed_on + timedelta(days=9)))
    assert graph.patch(unknown).kind is AnswerKind.REFUSED


def test_the_service_of_today_does_not_offer_the_write_back(naps):
    with open_emulator(Scenario(users=5, write_back="real-service")) as emulator:
        cloud, [tenant] = cloud_of(emulator), emulator.tenants
        tokens = TokenSource(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, emulator.ca_file)
        update = CountUpdate(Key(emulator.refreshed_on, "VISIO"), "Visio", Counts(1, 1, 0))
        with GraphClient(cloud, tokens, **timing(emulator, naps)) as graph:
            answer, batch = graph.patch(update), graph.patch_batch([update])
            assert graph.read_counts(emulator.refreshed_on) is None
    assert [answer.kind, batch[0].kind] == [AnswerKind.NOT_OFFERED] * 2
    assert "Resource not found for the segment" in answer.message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"secret": "not~the~secret"}, "secret or certificate is wrong"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "There is no tenant 0000"),
    ],
)
def test_a_wrong_credential_or_tenant_is_told_apart_and_shows_no_secret(connect, wrong, message):
    with pytest.raises(CredentialError, match=message) as caught:
        connect(**wrong).read_token_roles()
    assert "not~the~secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("operation", ["token", "discovery"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, retry_after_s=9),
        Fault(503, body="html"),
        Fault(kind="html"),
        Fault(kind="reset-before-answer"),
        Fault(kind="cut-length"),
        Fault(kind="cut-clean"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_sign_in_that_fails_is_repeated_over_the_network(graph, emulator, operation, fault):
    emulator.will_answer(operation, fault)
    with pytest.raises(GraphBusyError) as caught:
        read(graph)
    assert caught.value.retry_after_s == fault.retry_after_s
    emulator.advance(seconds=fault.retry_after_s or 0)
    assert read(graph)


def test_a_token_that_expired_at_graph_is_replaced(graph, emulator):
    read(graph)
    emulator.advance(seconds=4000)
    read(graph)
    assert served(emulator, "token") == [200, 200]


def test_probes_tell_permissions_and_concealment(graph):
    assert graph.read_token_roles() == ("ReportSettings.Read.All", "Reports.Read.All")
    assert graph.read_report_settings() is False


class RememberingTokens(TokenSource):
    """Keeps what it gave out, so that a test can look for it where it must not be."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.given: set[str] = set()

    def token(self, claims: str | None = None, refused: str | None = None) -> str:
        token = super().token(claims, refused)
        self.given.add(token)
        return token


def test_nothing_secret_is_logged_or_raised_by_any_failure(emulator, tenant, cloud, naps, caplog):
    caplog.set_level(logging.DEBUG)
    tokens = RememberingTokens(tenant.tenant_id, tenant.client_id, tenant.client_secret, cloud, emulator.ca_file)
    shown = []
    with GraphClient(cloud, tokens, **timing(emulator, naps)) as graph:
        read(graph)
        for operation, fault in [(COUNTS, Fault(403)), (COUNTS, Fault(kind="answer-lost")), (CSV_HOP, Fault(500))]:
            emulator.will_answer(operation, fault)
            with pytest.raises(ActivationSyncError) as caught:
                read(graph)
            shown += [*traceback.format_exception(caught.value), repr(caught.value), repr(tokens), repr(graph)]
    text = caplog.text + "".join(shown)
    assert "Traceback" in text
    assert "HTTP Request: GET" in text
    assert tokens.given
    assert [secret for secret in (*tokens.given, tenant.client_secret, "/data/download") if secret in text] == []
