"""Runs the flow in this process and says how it ended."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from operator import itemgetter

from rich.markup import escape

from activation_sync.core.phrases import short_digest
from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary, outcome_words
from activation_sync.core.runs.words import not_held_words, planned_words, queued_words, waiting_words
from activation_sync.errors import ActivationSyncError, HeldError
from commands.support.console import err, print_table, quieten_prefect, say, say_error, show_steps
from commands.support.typed import say_typed, typed


def run_sync(tenant: str, as_of: date | None = None, dry_run: bool = False, approve: str | None = None) -> RunSummary:
    """Run the flow for one tenant; a run that is held or fails comes back as a summary too."""
    quieten_prefect()
    with err.status(f"{tenant}: at work"):
        from commands.support.servers import start_server_if_needed
        from flows.endings import summary_in
        from flows.sync import sync
        from tasks.wiring import now

        start_server_if_needed()
        show_steps()
        state = sync(tenant, as_of=as_of, dry_run=dry_run, approve=approve, return_state=True)
    try:
        return summary_in(state)
    except ActivationSyncError as error:
        outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
        return RunSummary(PlanView(tenant), "", as_of or now().date(), outcome, error=str(error))


def preview(tenant: str) -> PlanView:
    """Tonight's plan, without Prefect, because a preview needs no run."""
    with err.status(f"{tenant}: reading reports"):
        from tasks.steps.preview import preview as look

        return look(tenant)


def say_plan(view: PlanView) -> None:
    """A plan, for a person."""
    say_changes(view)
    would = f"{planned_words(view)}; nothing was written.{waiting_words(view)}"
    say(f"[bold]{view.tenant}[/bold]: report of {view.observed_on or 'no date'}. {escape(would)}")
    say_findings(view)
    if view.is_held:
        say_typed("If that is right:", "sync", view.tenant, "--approve", view.digest)


def say_findings(view: PlanView) -> None:
    """Why a plan that was only looked at would be held; nothing when it would not."""
    for finding in view.findings:
        say_error(f"{view.tenant}: would be held: {finding}")


def say_queued(view: PlanView) -> None:
    """What happens to the updates that a person has queued."""
    if words := queued_words(view.pushed, view.is_write_back_on, typed("sync", view.tenant)):
        say(escape(words), is_copied=True)


def say_unneeded(approve: str | None, plans: Iterable[PlanView]) -> None:
    """Tell who approved a plan that none was held; nothing where one was, or where a run failed before it had one."""
    if approve and all(plan.digest and not plan.is_held for plan in plans):
        say(not_held_words(approve))


def say_summary(summary: RunSummary) -> None:
    """What one run did, for a person."""
    say_changes(summary.plan)
    if summary.error:
        say_error_of(summary)
    else:
        say(f"[bold]{summary.tenant}[/bold]: {escape(outcome_words(summary))}")


def say_error_of(summary: RunSummary) -> None:
    """Why a run was held or failed; nothing when it was neither."""
    if summary.error:
        say_error(f"{summary.tenant}: {summary.error}")


def say_changes(view: PlanView) -> None:
    """The changes of a plan, a table for each refresh date."""
    for day, rows in groupby(view.table, key=itemgetter("refresh date")):
        shown = [{_TITLES.get(name, name): row[name] for name in row if name not in _IN_TITLE} for row in rows]
        print_table(f"{view.tenant}, report of {day} (plan {short_digest(view.digest)})", shown, _NUMERIC)


_IN_TITLE = ("refresh date", "decision")  # the decision is in the words of "why"
_TITLES = {"shared computers": "shared"}
_NUMERIC = tuple(_TITLES.get(words, words) for words in MEASURE_WORDS.values())
