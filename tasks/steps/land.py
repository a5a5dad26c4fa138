"""Step 1: download a report and keep its bytes, before anything is believed of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from prefect import task

from activation_sync.core.model import Report
from activation_sync.core.reports.catalogue import KINDS
from activation_sync.errors import GraphRefusedError
from activation_sync.graph.download import Download
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.reports.manifest import LandedReport, newest_landed, record_landed
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import now, open_graph, open_landing, open_warehouse, tenant_settings


@dataclass(frozen=True, slots=True)
class TonightsReport:
    """What came of asking Graph for one report. landed_id: None where Graph refused it for good; `refusal` says why."""

    landed_id: str | None
    refusal: str = ""


@task(task_run_name="land {report} of {run.tenant}", **STEP)
def land_report(report: Report, run: Run) -> TonightsReport:
    """Land one report. A tenant to whom Graph refuses one that a night can do without goes on without it.

    Safe to repeat: bytes are addressed by their hash, and a pre-authenticated URL that has expired is asked for again.
    """
    try:
        return TonightsReport(_land_report(report, run))
    except GraphRefusedError as error:
        if KINDS[report].is_required:
            raise
        step_log().warning("%s is left out: %s", report, error)
        return TonightsReport(None, str(error))


def landed_ids(tonight: Iterable[TonightsReport]) -> list[str]:
    """The reports that Graph gave."""
    return [report.landed_id for report in tonight if report.landed_id]


def refusals(tonight: Iterable[TonightsReport]) -> tuple[str, ...]:
    """What Graph said of each report that it did not give."""
    return tuple(report.refusal for report in tonight if not report.landed_id)


def _land_report(report: Report, run: Run) -> str:
    before = _landed_before(report, run.tenant)
    report_format = tenant_settings(run.tenant).graph.report_format
    etag = before.etag if before else None
    with open_graph(run.tenant) as graph, graph.download(report, etag=etag, format=report_format) as download:
        if before and download.is_unchanged:
            landed = replace(before, seen_at=now(), request_id=download.request_id)
        else:
            landed = _land(report, run, download, report_format)
    with writing(open_warehouse(), run.lease) as connection:
        record_landed(connection, landed)
    step_log().info("landed %s: %d bytes, sha256 %.12s", report, landed.size_bytes, landed.sha256)
    return landed.id


def _landed_before(report: Report, tenant: str) -> LandedReport | None:
    """The newest landed report, if Graph may answer that it has not been modified since.

    Its bytes must still be there, and a run must have gone through with them: of a download that was cut short or
    mixed up, the whole report may well carry the same ETag.
    """
    with reading(open_warehouse()) as connection:
        landed = newest_landed(connection, tenant, report)
    return landed if landed and landed.reconciled_at and open_landing().holds(landed.path) else None


def _land(report: Report, run: Run, download: Download, report_format: str) -> LandedReport:
    file = open_landing().land(run.tenant, report, download.chunks, report_format)
    return LandedReport(
        tenant=run.tenant,
        report=report,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        path=file.path,
        etag=download.etag,
        request_id=download.request_id,
        landed_at=now(),
        seen_at=now(),
    )
