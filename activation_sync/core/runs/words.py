"""How a run of each outcome ended, in a sentence or two; `outcome.py` says which words belong to which outcome."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from activation_sync.core.phrases import dates_words, rows_words, short_digest, wait_words
from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.report_age import report_age_days

if TYPE_CHECKING:
    from activation_sync.core.rule.delivery import LeftOver
    from activation_sync.core.runs.summary import PlanView, RunSummary

OFF = "write-back is off (write_back.enabled = true turns it on)"

NAMED = 5  # rows at most; a ledger has them all


def done(summary: "RunSummary") -> str:
    delivery = summary.delivery
    sent = f"{delivery.acknowledged:,} of {rows_words(summary.plan.pushed, 'update')} acknowledged by Graph"
    off = "" if delivery.is_enabled else f"; {rows_words(delivery.pending, 'update')} pending: {OFF}"
    return f"Wrote {rows_words(summary.plan.written)} to the warehouse; {sent}{off}.{waiting_words(summary.plan)}"


def nothing_new(summary: "RunSummary") -> str:
    newest_on = summary.plan.observed_on or "no date"
    return f"No new report: the newest is still that of {newest_on}.{waiting_words(summary.plan)}"


def previewed(summary: "RunSummary") -> str:
    return f"{planned_words(summary.plan)}; nothing was written.{waiting_words(summary.plan)}"


def held(summary: "RunSummary") -> str:
    why, digest = "; ".join(summary.plan.findings), short_digest(summary.plan.digest)
    return f"Held before any write: {why}. Approve with --approve {digest}."


def unsettled(summary: "RunSummary") -> str:
    open_ends = {"conflict": summary.plan.conflicts, "dead letter": summary.dead_letters}
    left = " and ".join(rows_words(count, noun) for noun, count in open_ends.items() if count)
    remedies = {"resolve": summary.plan.conflicts, "retry": summary.dead_letters}
    remedy = " or ".join(f"`{command}`" for command, count in remedies.items() if count)
    if left_over := left_over_words(summary.delivery.left_over):
        return f"{done(summary)} {f'{left} left open: see {remedy}. ' if left else ''}{left_over}"
    return f"{done(summary)} {left or 'Something'} left open: see {remedy or '`status`'}."


def left_over_words(left_over: "Sequence[LeftOver]") -> str:
    """The rows that another client changed in Graph while the run sent them; empty when there are none."""
    if not left_over:
        return ""
    named = ", ".join(f"{one.product} of {one.refreshed_on}" for one in left_over[:NAMED])
    more = f" and {len(left_over) - NAMED:,} more" if len(left_over) > NAMED else ""
    rows, them = rows_words(len(left_over)), "it" if len(left_over) == 1 else "them"
    return (
        f"Left {rows} as Graph has {them}, because somebody else changed {them} there: {named}{more}. "
        "The next run compares again and decides; `why` shows what Graph holds."
    )


def not_offered(summary: "RunSummary") -> str:
    return (
        f"Wrote {rows_words(summary.plan.written)} to the warehouse. This Graph does not offer the write-back "
        f"resource: pending in the outbox: {rows_words(summary.delivery.pending, 'update')}."
    )


def failed(summary: "RunSummary") -> str:
    return f"Failed: {summary.error or 'see the log of the run'}"


def put_off(summary: "RunSummary") -> str:
    until = f"{summary.put_off_until:%H:%M} UTC" if summary.put_off_until else "later"
    return f"Put off until {until}, so that other tenants need not wait: {summary.error}"


def quarantined(summary: "RunSummary") -> str:
    return f"Left out: {summary.error}"


def was_done(summary: "RunSummary") -> str:
    return f"The night of {summary.as_of} was done already; nothing was left to do."


def planned_words(plan: "PlanView") -> str:
    """What a plan does, or would do: `Would write 3 rows and send 1 update`."""
    return doing_words(plan.written, plan.pushed, plan.sending, is_write_back_on=plan.is_write_back_on)


def doing_words(written: int, updates: int, sending: Sending, *, is_write_back_on: bool) -> str:
    """The same of any rows and updates."""
    write, send, queue = ("Would write", "send", "queue") if sending is Sending.WOULD else ("Writes", "sends", "queues")
    what = f"{write} {rows_words(written)} and"
    if is_write_back_on or not updates:
        return f"{what} {send} {rows_words(updates, 'update')}"
    return f"{what} {queue} {rows_words(updates, 'update')}: {OFF}"


def waiting_words(plan: "PlanView") -> str:
    """What is added of rows that are not sent, because no counts report of their date has landed."""
    soon = plan.waiting - plan.waiting_past
    words = f" {wait_words(soon)} for the user counts report of their date." if soon else ""
    return f"{words}{past_words(plan.waiting_past, plan.waiting_past_on)}"


def past_words(rows: int, dates: Sequence[date]) -> str:
    """The same of past dates: Graph serves today's report and no other."""
    if not rows:
        return ""
    which = f"{len(dates)} past dates" if len(dates) > 1 else "the past date"
    those = f"reports of these {len(dates)} dates" if len(dates) > 1 else "report of this date"
    return (
        f" {wait_words(rows)} for the user counts report of {which} {dates_words(dates)}, which Graph no longer "
        f"serves: import the user counts {those}, or leave {'it' if rows == 1 else 'them'}."
    )


def queued_words(updates: int, is_write_back_on: bool, command: str) -> str:
    """What happens to the updates that a person has queued; empty when there are none. command: sends them now."""
    if not updates:
        return ""
    if not is_write_back_on:
        return f"{wait_words(updates, 'update')} in the outbox: {OFF}"
    they = "it" if updates == 1 else f"the {updates:,} updates"
    return f"The next sync sends {they} to Graph; to send now: {command}"


def pending_words(pending: int, is_write_back_on: bool, command: str, *, is_offered: bool = True) -> str:
    """What to do about updates that wait in the outbox, for `status`; empty when there are none.

    command: sends them now. is_offered: as the last run found.
    """
    if not pending:
        return ""
    rows = f"{rows_words(pending, 'update')} pending"
    if not is_write_back_on:
        return f"{rows}: {OFF}"
    if not is_offered:
        return f"{rows}: this Graph does not offer the write-back resource; fix write_back.path, or leave them"
    return f"{rows}: the next sync sends {'it' if pending == 1 else 'them'}; to send now: {command}"


def empty_words(command: str) -> str:
    """Said where nothing is to be seen because no run has written anything. command: makes the first run."""
    return f"the warehouse is empty: nothing has been reconciled yet; first: {command}"


def not_held_words(approve: str) -> str:
    """Said when somebody approved what needed no approval."""
    return f"Nothing was held, so the approval {short_digest(approve)} was not needed."


def stale_words(summary: "RunSummary") -> str:
    """What is added when the report is old, whatever the outcome."""
    refreshed_on = summary.plan.observed_on
    if not (summary.is_stale and refreshed_on):
        return ""
    age = rows_words(report_age_days(refreshed_on, summary.as_of), "day")
    return f" The report is {age} old: older than it should be."


def left_out_words(summary: "RunSummary") -> str:
    """What is added when the night did without a report, whatever the outcome."""
    return f" Went on without a report: {' '.join(summary.left_out)}" if summary.left_out else ""
