"""Replay what was landed of past refresh dates: the order of its steps, and nothing else."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated

from prefect import State, flow
from pydantic import Field

from activation_sync.core.pages.backfill_words import backfill_words
from activation_sync.core.phrases import MAX_REASON_CHARS
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.runs.backfill import BackfillSummary, Window, failed_backfill, held_day
from activation_sync.core.runs.outcome import most_pressing
from activation_sync.errors import ActivationSyncError
from flows.endings import ended
from tasks.approval import Approval, approval_of
from tasks.backfill.frame import (
    backfill_run_name,
    deliver_replayed,
    open_backfill,
    publish_backfill,
    verify_replayed,
)
from tasks.backfill.replay import find_days, preview_backfill, replay_days
from tasks.wiring import chosen_tenants

BATCH_DAYS = 50  # a task run each; their updates leave before the next ones are planned


@flow(name="backfill", flow_run_name=backfill_run_name)
def backfill(
    start: date,
    end: date,
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARS, pattern=r"\S")],
    tenants: list[str] | None = None,
    dry_run: bool = False,
    approve: str | None = None,
    approved_by: str = "",
) -> State[list[BackfillSummary]]:
    """Replay landed and imported reports of past refresh dates, oldest first, through plan, guards and outbox.

    Start it again after an interruption: dates that are done need nothing. A held date stops its tenant, no other.

    Args:
        start: First refresh date (the report's own day, UTC).
        end: Last refresh date, included.
        reason: The reason; the ledger and the run's record keep it.
        tenants: Tenants by their names: choose "list" and add each. All of them when left out.
        dry_run: Show what would change on each date, and write nothing.
        approve: Digest of the plan of a held date that may go on; any other stays held.
        approved_by: Your name, if you approve. Nobody checks it: the ledger says that it was claimed.
    """
    window, chosen = Window(start, end, reason), chosen_tenants(tenants)
    if dry_run:
        return _ended([_ending(tenant, window, partial(preview_backfill, tenant, window)) for tenant in chosen])
    approval = approval_of(chosen, approve, approved_by)
    return _ended([_ending(tenant, window, partial(_replay, tenant, window, approval)) for tenant in chosen])


def _ending(tenant: str, window: Window, run: Callable[[], BackfillSummary]) -> BackfillSummary:
    try:
        return run()
    except ActivationSyncError as error:
        return failed_backfill(tenant, window, error)


def _replay(tenant: str, window: Window, approval: Approval) -> BackfillSummary:
    with open_backfill(tenant, window) as started:
        found = find_days(started)
        replayed, delivery = [], Delivery()
        for batch in found.batches(BATCH_DAYS):
            replayed += replay_days(started, batch, approval)
            delivery = deliver_replayed(started, delivery)
            if held_day(replayed):
                break
        return publish_backfill(started, found, replayed, delivery, verify_replayed(started))


def _ended(summaries: list[BackfillSummary]) -> State[list[BackfillSummary]]:
    outcome = most_pressing(summary.outcome for summary in summaries)
    message = " ".join(f"{summary.tenant}: {backfill_words(summary)}" for summary in summaries)
    return ended(outcome.state_name, message, summaries, is_amiss=outcome.fails_flow)
