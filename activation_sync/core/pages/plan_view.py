"""A plan and a run as they are shown: the dashboard's and the command's common ground."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from activation_sync.core.model import Decision, Plan
from activation_sync.core.pages.bi_rows import DailyCount, NightlyDrift
from activation_sync.core.pages.charts import (
    SHOWN_PRODUCTS,
    adoption_chart,
    drift_chart,
    newest_counts,
    top_products,
    trend_chart,
)
from activation_sync.core.pages.markdown import markdown_table, markdown_text
from activation_sync.core.pages.svg import arrange, render_alone, svg_image
from activation_sync.core.phrases import short_digest
from activation_sync.core.rule.delivery import Delivery
from activation_sync.core.rule.planned import Sending, shown_changes, waits_in_vain
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.core.runs.words import planned_words, waiting_words

SHOWN_ROWS = 200
FIRST_COLUMNS = ("product", "refresh date", "why", "Graph")


def view_plan(plan: Plan, sending: Sending = Sending.NOW, *, is_write_back_on: bool = True) -> PlanView:
    """A plan in numbers, with at most 200 of its changes."""
    decisions = Counter(d.value for change in plan.changes for d in change.decisions if d is not Decision.KEEP)
    in_vain = [change.key.refreshed_on for change in plan.changes if waits_in_vain(plan, change)]
    return PlanView(
        tenant=plan.tenant,
        digest=plan.digest,
        observed_on=plan.observed_on,
        newest_reconciled_on=plan.newest_reconciled_on,
        findings=tuple(finding.message for finding in plan.findings),
        decisions=dict(decisions),
        kept=plan.kept,
        written=sum(change.is_written for change in plan.changes),
        pushed=sum(change.is_pushed for change in plan.changes),
        waiting=sum(change.waits_for_report for change in plan.changes),
        conflicts=sum(change.is_conflict for change in plan.changes),
        waiting_past=len(in_vain),
        waiting_past_on=tuple(sorted(set(in_vain))),
        sending=sending,
        is_write_back_on=is_write_back_on,
        changes=shown_changes(plan, SHOWN_ROWS),
    )


def plan_words(view: PlanView) -> str:
    """What stands above a plan's rows; there are none where nothing would change."""
    verdict = "held: " + " ".join(view.findings) if view.is_held else "free to go."
    words = f"{planned_words(view)}." if view.changes else "Nothing is to be changed."
    return f"Plan `{short_digest(view.digest)}` for {view.tenant}: {verdict} {words}{waiting_words(view)}"


def plan_rows_shown(view: PlanView) -> list[dict[str, str]]:
    """The plan's rows for a narrow page: what and why first, the numbers after."""
    return [{name: row[name] for name in sorted(row, key=_place)} for row in view.table]


def run_markdown(summary: RunSummary, counts: Sequence[DailyCount] = (), nights: Sequence[NightlyDrift] = ()) -> str:
    """The run's page in the dashboard, below its outcome; its charts are of this history, oldest first."""
    return page_markdown(f"{summary.tenant}, {summary.as_of}", _facts(summary), counts, nights)


def page_markdown(
    title: str,
    facts: Iterable[tuple[str, object]],
    counts: Sequence[DailyCount] = (),
    nights: Sequence[NightlyDrift] = (),
) -> str:
    """What a page is about, its charts, and its facts as a table below them."""
    rows = [{"what": name, "how many": value} for name, value in facts]
    return f"## {markdown_text(title)}\n{charts_markdown(counts, nights)}\n{markdown_table(rows)}"


def charts_markdown(counts: Sequence[DailyCount], nights: Sequence[NightlyDrift] = ()) -> str:
    """Images that hold their own bytes, as the dashboard shows no others without a network."""
    sections: list[tuple[str, str]] = []
    if counts:
        panels = [trend_chart(product, rows) for product, rows in top_products(counts).items()]
        trend = render_alone(arrange("Assigned and activated users of each product", panels))
        share = render_alone(adoption_chart(newest_counts(counts)[:SHOWN_PRODUCTS]))
        sections += [("Trend of assigned and activated users", trend), ("Adoption share", share)]
    if nights:
        sections.append(("Drift before the delivery of each night", render_alone(drift_chart(nights))))
    return "".join(f"\n### {words}\n\n{svg_image(svg, words)}\n" for words, svg in sections)


def _place(column: str) -> int:
    return FIRST_COLUMNS.index(column) if column in FIRST_COLUMNS else len(FIRST_COLUMNS)


def _facts(summary: RunSummary) -> list[tuple[str, object]]:
    plan, delivery, verification = summary.plan, summary.delivery, summary.verification
    return [
        ("outcome", summary.outcome),
        ("refresh date of the usage report", plan.observed_on or "-"),
        ("decisions (measures)", ", ".join(f"{n} {name}" for name, n in sorted(plan.decisions.items())) or "none"),
        ("rows written to the warehouse", plan.written),
        ("updates planned for Graph", plan.pushed),
        ("acknowledged by Graph", delivery.acknowledged),
        ("still pending in the outbox", delivery.pending),
        ("read back and equal", verification.confirmed if verification.is_offered else "reading back is not offered"),
        ("read back and different", verification.different),
        ("waiting for Graph's counts report", plan.waiting),
        ("of these, of dates that Graph no longer serves", plan.waiting_past),
        ("open conflicts", plan.conflicts),
        ("dead letters", summary.dead_letters),
        ("seconds waited because Graph asked", round(delivery.throttled_s, 1)),
        ("plan", f"`{short_digest(plan.digest)}`"),
        ("head of the ledger", f"`{summary.head}`" if summary.head else "-"),
    ]


def summarise_act(plan: PlanView, run_id: str, as_of: date) -> RunSummary:
    """What a person did, as a run of its own; what it queued is for the next sync to send."""
    return RunSummary(plan, run_id, as_of, Outcome.DONE, delivery=Delivery(is_enabled=plan.is_write_back_on))


def summarise_preview(plan: PlanView, as_of: date) -> RunSummary:
    """A run that only looked; it has no id, because nothing was recorded."""
    return RunSummary(plan, "", as_of, Outcome.PREVIEWED, delivery=Delivery(is_enabled=plan.is_write_back_on))
