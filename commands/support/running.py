"""Runs the flow in this process and says how it ended."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import cast

from rich.markup import escape

from activation_sync.core.rule.reasons import MEASURE_WORDS
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.errors import ActivationSyncError, HeldError
from commands.support.console import err, print_table, quieten_prefect, say, say_error, show_steps


def run_sync(tenant: str, as_of: date | None = None, dry_run: bool = False, approve: str | None = None) -> RunSummary:
    """Run the flow for one tenant; a run that is held or fails comes back as a summary too."""
    quieten_prefect()
    with err.status(f"{tenant}: at work"):
        from commands.support.servers import start_server_if_needed
        from flows.sync import sync
        from tasks.wiring import now

        start_server_if_needed()
        show_steps()
        state = sync(tenant, as_of=as_of, dry_run=dry_run, approve=approve, return_state=True)
    try:
        return cast(RunSummary, state.result())
    except ActivationSyncError as error:
        outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
        return RunSummary(PlanView(tenant), "", as_of or now().date(), outcome, error=str(error))


def preview(tenant: str) -> PlanView:
    """Tonight's plan, without Prefect, because a preview needs no run."""
    from activation_sync.core.pages.plan_view import view_plan

    with err.status(f"{tenant}: reading reports"):
        from tasks.steps.preview import preview_plan

        return view_plan(preview_plan(tenant))


def say_plan(view: PlanView) -> None:
    """A plan, for a person."""
    say_changes(view.tenant, view.digest, view.table)
    say(
        f"[bold]{view.tenant}[/bold]: report of {view.observed_on}; would write {view.written} and push {view.pushed} "
        f"of {view.written + view.kept} rows"
    )
    for finding in view.findings:
        say_error(f"{view.tenant}: would be held: {finding}")
    if view.is_held:
        say(f"If that is right: activation-sync sync {view.tenant} --approve {view.digest[:12]}")


def say_summary(summary: RunSummary) -> None:
    """What one run did, for a person."""
    from activation_sync.core.runs.summary import outcome_words

    say_changes(summary.tenant, summary.plan.digest, summary.plan.table)
    if summary.error:
        say_error_of(summary)
    else:
        say(f"[bold]{summary.tenant}[/bold]: {escape(outcome_words(summary))}")


def say_error_of(summary: RunSummary) -> None:
    """Why a run was held or failed; nothing when it was neither."""
    if summary.error:
        say_error(f"{summary.tenant}: {summary.error}")


def say_changes(tenant: str, digest: str, table: Sequence[Mapping[str, str]]) -> None:
    """The changes of a plan, a table for each refresh date."""
    for day, rows in groupby(table, key=itemgetter("refresh date")):
        shown = [{_TITLES.get(name, name): row[name] for name in row if name not in _IN_TITLE} for row in rows]
        print_table(f"{tenant}, report of {day} (plan {digest[:12]})", shown, _NUMERIC)


_IN_TITLE = ("refresh date", "decision")  # the decision is in the words of "why"
_TITLES = {"shared computers": "shared"}
_NUMERIC = tuple(_TITLES.get(words, words) for words in MEASURE_WORDS.values())
