"""Step 7: what the run did, for the dashboard and for `status`."""

from dataclasses import replace

from prefect import task

from activation_sync.core.pages.plan_view import plan_rows_shown, plan_words, run_markdown
from activation_sync.core.rule.delivery import Delivery, Verification
from activation_sync.core.runs.report_age import is_stale
from activation_sync.core.runs.summary import PlanView, RunSummary, outcome_of, outcome_words
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.delivery.outbox import read_dead
from activation_sync.warehouse.ledger.chain import read_head
from activation_sync.warehouse.runs.runs import record_run
from activation_sync.warehouse.runs.views import read_daily_counts, read_nightly_drift
from tasks.alerts import tell_changes
from tasks.policy import STEP
from tasks.run import Run
from tasks.showing import show_list, show_page, showing
from tasks.wiring import now, open_warehouse, tenant_settings

SHOWN_DATES = 90  # charts are kept with every version of a run's page


@task(task_run_name="publish plan of {plan.tenant}", **STEP)
def publish_plan(plan: PlanView) -> None:
    """Show the plan in the dashboard, held or not. Safe to repeat: the same key is a new version of one artifact."""
    show_list(f"plan-{plan.tenant}", plan_rows_shown(plan), plan_words(plan))


@task(task_run_name="publish run of {run.tenant}", **STEP)
def publish_run(
    run: Run, plan: PlanView, delivery: Delivery, verification: Verification, refused: tuple[str, ...] = ()
) -> RunSummary:
    """Tell what changed, record how the run ended, and show it in the dashboard.

    refused: what Graph said of each report that it did not give, and that the night did without.
    Safe to repeat: events have the same ids again, and the record is the run's own row.
    """
    with reading(open_warehouse()) as connection:
        dead_letters, head = len(read_dead(connection, run.tenant)), read_head(connection, run.tenant)
    summary = _summary(run, plan, delivery, verification, dead_letters)
    summary = tell_changes(replace(summary, left_out=refused, head=head), before=run.troubles)
    with writing(open_warehouse(), run.lease) as connection:
        record_run(connection, summary, at=now())
    with showing("the run's page"):
        _show_page(summary)
    return summary


def _show_page(summary: RunSummary) -> None:
    with reading(open_warehouse()) as connection:
        counts = read_daily_counts(connection, summary.tenant, SHOWN_DATES)
        nights = read_nightly_drift(connection, summary.tenant, SHOWN_DATES)
    show_page(f"run-{summary.tenant}", run_markdown(summary, counts, nights), outcome_words(summary))


def _summary(run: Run, plan: PlanView, delivery: Delivery, verification: Verification, dead_letters: int) -> RunSummary:
    stale_after_days = tenant_settings(run.tenant).sync.stale_after_days
    return RunSummary(
        plan=plan,
        run_id=run.run_id,
        as_of=run.as_of,
        outcome=outcome_of(plan, delivery, verification, dead_letters),
        dead_letters=dead_letters,
        delivery=delivery,
        verification=verification,
        is_stale=plan.observed_on is not None and is_stale(plan.observed_on, run.as_of, stale_after_days),
    )
