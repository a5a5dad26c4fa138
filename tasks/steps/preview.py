"""The plan without the run: reports are read as they arrive, and nothing is written anywhere."""

import io
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, cast

from prefect import task

from activation_sync.core.model import Report
from activation_sync.core.reports.catalogue import PUBLISHED
from activation_sync.core.reports.content import read_content
from activation_sync.core.rule.plan import make_plan
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.summary import PlanView
from activation_sync.errors import ReportShrankError
from activation_sync.graph.client import GraphClient
from activation_sync.warehouse.counts.states import read_plan_inputs
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.reports.loading import ReportedCounts
from config.settings import SyncSettings
from tasks.log import step_log
from tasks.policy import STEP
from tasks.steps.planning import judged_on, view_of
from tasks.wiring import bounds, limits, observed_report, open_graph, open_warehouse, tenant_settings


@task(task_run_name="preview {tenant}", **STEP)
def preview_changes(tenant: str, as_of: date | None = None) -> PlanView:
    """What a sync would do now. Safe to repeat: it reads Graph and the warehouse, and writes nothing."""
    view = preview(tenant, as_of)
    step_log().info("preview %.12s: would write %d and send %d", view.digest, view.written, view.pushed)
    return view


def preview(tenant: str, as_of: date | None = None) -> PlanView:
    """Tonight's plan, from reports that are read as they arrive and not kept. as_of: the night it stands for."""
    settings = tenant_settings(tenant)
    observed = observed_report(settings)
    engine = open_warehouse()
    refuse_other_schema(engine)
    with open_graph(tenant) as graph:
        reports = dict.fromkeys((PUBLISHED, observed))
        tonight = [_read(graph, report, settings.graph.report_format, settings.sync) for report in reports]
    with reading(engine) as connection:
        inputs = read_plan_inputs(connection, tenant, observed, tonight, judged_on(as_of))
        plan = make_plan(inputs, limits(settings))
    return view_of(plan, Sending.WOULD)


def _read(graph: GraphClient, report: Report, report_format: str, sync: SyncSettings) -> ReportedCounts:
    with graph.download(report, format="json" if report_format == "json" else "csv") as download:
        stream = cast(BinaryIO, io.BufferedReader(_Chunks(download.chunks)))
        content = read_content(report, stream, sync.product_aliases, bounds=bounds())
        content.drain()
    passed = content.passed
    if passed.refreshed_on is None:
        raise ReportShrankError(f"the {report} report has a header and no rows; try again when Graph has filled it")
    return ReportedCounts(report, "", passed.refreshed_on, passed.rows_seen, tuple(passed.counts()))


class _Chunks(io.RawIOBase):
    """Chunks as they arrive, as a stream that a parser can read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the only buffer BufferedReader gives
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
