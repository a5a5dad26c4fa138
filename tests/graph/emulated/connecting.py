"""How tests reach the emulator, and what they ask of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from activation_sync.clock import Clock
from activation_sync.core.model import Counts, Key, Report
from activation_sync.core.reports.products import product_key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.emulator import EmulatedTenant, Emulator
from activation_sync.graph.client import GraphClient
from activation_sync.graph.clouds import Cloud
from activation_sync.graph.waits import Patience
from tests.support.clouds import cloud_at

PATCH = "PATCH office365ActivationsUserCounts"
READ = "GET office365ActivationsUserCounts"
COUNTS = "GET getOffice365ActivationsUserCounts"
CSV_HOP = "download getOffice365ActivationsUserCounts"
ACKNOWLEDGED, BUSY = AnswerKind.ACKNOWLEDGED, AnswerKind.BUSY
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def cloud_of(emulator: Emulator) -> Cloud:
    return cloud_at(emulator.graph_root, emulator.authority_root, emulator.download_host)


def clock(naps: list[float]) -> Callable[[], datetime]:
    """Noon, and as much later as was napped."""
    return lambda: NOON + timedelta(seconds=sum(naps))


def clock_of(emulator: Emulator, naps: list[float]) -> Clock:
    """Nobody sleeps: the emulator's clock moves instead."""

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        emulator.advance(seconds=seconds)

    return Clock(clock(naps), sleep)


def timing(emulator: Emulator, naps: list[float]) -> dict[str, object]:
    return {
        "ca_file": emulator.ca_file,
        "clock": clock_of(emulator, naps),
        "patience": Patience(jitter=lambda: 1.0),
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
