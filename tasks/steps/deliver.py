"""Step 5: PATCH what the outbox holds, and believe only what Graph answers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TypeAlias

from prefect import task

from activation_sync.core.rule.delivery import Answer, AnswerKind, Delivery
from activation_sync.errors import GraphBusyError, LeaseLostError
from activation_sync.graph.client import GraphClient
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.database.lease import Lease
from activation_sync.warehouse.delivery.consequences import read_delivery, record_answer
from activation_sync.warehouse.delivery.outbox import OutboxRow, mark_in_doubt, read_pending
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import open_graph, open_warehouse, tenant_settings

Sent: TypeAlias = tuple[Answer, OutboxState]  # Graph's answer to a row, and the state it brought the row to


@task(task_run_name="deliver {run.tenant}", **STEP)
def deliver_updates(run: Run) -> Delivery:
    """Send every pending row of the outbox, record each answer as it comes, and return what became of them.

    Safe to repeat: values are absolute, and only rows still pending are sent. Rows that Graph was too busy for, or
    did not apply, are left to the next attempt; where the write-back is not offered, all the rest stays pending.
    """
    write_back = tenant_settings(run.tenant).write_back
    with reading(open_warehouse()) as connection:
        pending = read_pending(connection, run.tenant)
    sent: list[Sent] = []
    throttled_s = 0.0
    if pending and write_back.enabled:
        with open_graph(run.tenant) as graph:
            sent = _Sender(run, graph).send(pending, write_back.batch_size, write_back.in_flight)
            throttled_s = graph.throttled_s
    is_offered = not any(answer.kind is AnswerKind.NOT_OFFERED for answer, _ in sent)
    if is_offered:
        _raise_if_unsettled(sent, len(pending))
    with reading(open_warehouse()) as connection:
        delivery = read_delivery(connection, run.tenant, run.run_id)
    step_log().info("delivered: %d acknowledged, %d pending", delivery.acknowledged, delivery.pending)
    return replace(delivery, is_offered=is_offered, is_enabled=write_back.enabled, throttled_s=throttled_s)


def _raise_if_unsettled(sent: Sequence[Sent], pending: int) -> None:
    """Rows that Graph was too busy for, or took without applying them, are for the next attempt."""
    waiting = [answer for answer, state in sent if state is OutboxState.PENDING]
    if waiting:
        asked = [answer.retry_after_s for answer in waiting if answer.retry_after_s is not None]
        raise GraphBusyError(
            f"{len(waiting)} of {pending} updates were not acknowledged yet: {waiting[0].message}",
            max(asked, default=None),
        )


@dataclass(slots=True)
class _Sender:
    """Sends batches from several threads until all are answered, or Graph says that none should follow."""

    run: Run
    graph: GraphClient
    stopped: Event = field(default_factory=Event)

    def send(self, rows: Sequence[OutboxRow], batch_size: int, in_flight: int) -> list[Sent]:
        batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        with ThreadPoolExecutor(in_flight) as pool:
            return [one for batch in pool.map(self._send_unless_stopped, batches) for one in batch]

    def _send_unless_stopped(self, rows: Sequence[OutboxRow]) -> Sequence[Sent]:
        if self.stopped.is_set():
            return []
        try:
            return self._send_batch(rows)
        except BaseException:
            self.stopped.set()  # what cannot be sent or recorded here cannot be in the other threads either
            raise

    def _send_batch(self, rows: Sequence[OutboxRow]) -> Sequence[Sent]:
        # committed before anything leaves: if the answer is lost, the next run knows that Graph may hold this value
        self._mark_in_doubt(rows, self.run.lease)
        answers = self._patch(rows)
        try:
            states = self._record(rows, answers)
        except LeaseLostError:
            # paused on their way, these PATCHes may have undone in Graph what another run sent meanwhile; raising a
            # doubt needs no lease, since all it can lead to is the current value sent once more
            self._mark_in_doubt(rows, None)
            raise
        if any(_ends_the_pass(answer) for answer in answers):
            self.stopped.set()
        return list(zip(answers, states, strict=True))

    def _mark_in_doubt(self, rows: Sequence[OutboxRow], lease: Lease | None) -> None:
        with writing(open_warehouse(), lease) as connection:
            mark_in_doubt(connection, rows, self.run.stamp())

    def _record(self, rows: Sequence[OutboxRow], answers: Sequence[Answer]) -> list[OutboxState]:
        with writing(open_warehouse(), self.run.lease) as connection:
            return [
                record_answer(connection, row, answer, self.run.stamp())
                for row, answer in zip(rows, answers, strict=True)
            ]

    def _patch(self, rows: Sequence[OutboxRow]) -> Sequence[Answer]:
        updates = [row.update for row in rows]
        return [self.graph.patch(updates[0])] if len(updates) == 1 else self.graph.patch_batch(updates)


def _ends_the_pass(answer: Answer) -> bool:
    """Graph has no such resource, or asked for a pause that every later call would break."""
    is_paused = answer.kind is AnswerKind.BUSY and answer.retry_after_s is not None
    return is_paused or answer.kind is AnswerKind.NOT_OFFERED
