"""Step 5: PATCH what the outbox holds, and believe only what Graph answers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event

from prefect import get_run_logger, task

from activation_sync.core.run import Answer, AnswerKind, Delivery
from activation_sync.errors import GraphBusyError
from activation_sync.graph.client import GraphClient
from activation_sync.warehouse.answers import read_delivery, record_answer
from activation_sync.warehouse.engine import reading, writing
from activation_sync.warehouse.outbox import OutboxRow, mark_in_doubt, read_pending
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import now, open_graph, open_warehouse, tenant_settings


@task(task_run_name="deliver", **STEP)
def deliver_updates(run: Run) -> Delivery:
    """Send every pending row of the outbox, record each answer as it comes, and return what became of them.

    Safe to repeat: values are absolute, and only rows still pending are sent. Rows that Graph was too busy for are
    left to the next attempt; where the write-back is not offered, all the rest stays pending.
    """
    write_back = tenant_settings(run.tenant).write_back
    with reading(open_warehouse()) as connection:
        pending = read_pending(connection, run.tenant)
    answers: list[Answer] = []
    throttled_s = 0.0
    if pending and write_back.enabled:
        with open_graph(run.tenant) as graph:
            answers = _Sender(run, graph).send(pending, write_back.batch_size, write_back.in_flight)
            throttled_s = graph.throttled_s
    _raise_if_busy(answers, len(pending))
    with reading(open_warehouse()) as connection:
        delivery = read_delivery(connection, run.tenant, run.run_id)
    get_run_logger().info("delivered: %d acknowledged, %d pending", delivery.acknowledged, delivery.pending)
    is_offered = not any(answer.kind is AnswerKind.NOT_OFFERED for answer in answers)
    return replace(delivery, is_offered=is_offered, is_enabled=write_back.enabled, throttled_s=throttled_s)


def _raise_if_busy(answers: Sequence[Answer], pending: int) -> None:
    busy = [answer for answer in answers if answer.kind is AnswerKind.BUSY]
    if busy:
        asked = [answer.retry_after_s for answer in busy if answer.retry_after_s is not None]
        raise GraphBusyError(
            f"{len(busy)} of {pending} updates were not acknowledged yet: {busy[0].message}",
            max(asked, default=None),
        )


@dataclass(slots=True)
class _Sender:
    """Sends batches from several threads until all are answered, or Graph says that none should follow."""

    run: Run
    graph: GraphClient
    stopped: Event = field(default_factory=Event)

    def send(self, rows: Sequence[OutboxRow], batch_size: int, in_flight: int) -> list[Answer]:
        batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        with ThreadPoolExecutor(in_flight) as pool:
            return [answer for answers in pool.map(self._send_batch, batches) for answer in answers]

    def _send_batch(self, rows: Sequence[OutboxRow]) -> Sequence[Answer]:
        if self.stopped.is_set():
            return []
        engine = open_warehouse()
        # committed before anything leaves: if the answer is lost, the next run knows that Graph may hold this value
        with writing(engine, self.run.lease) as connection:
            mark_in_doubt(connection, rows, run_id=self.run.run_id, at=now())
        answers = self._patch(rows)
        with writing(engine, self.run.lease) as connection:
            for row, answer in zip(rows, answers, strict=True):
                record_answer(connection, row, answer, run_id=self.run.run_id, at=now())
        if any(_ends_the_pass(answer) for answer in answers):
            self.stopped.set()
        return answers

    def _patch(self, rows: Sequence[OutboxRow]) -> Sequence[Answer]:
        updates = [row.update for row in rows]
        return [self.graph.patch(updates[0])] if len(updates) == 1 else self.graph.patch_batch(updates)


def _ends_the_pass(answer: Answer) -> bool:
    """Graph has no such resource, or asked for a pause that every later call would break."""
    is_paused = answer.kind is AnswerKind.BUSY and answer.retry_after_s is not None
    return is_paused or answer.kind is AnswerKind.NOT_OFFERED
