"""`activation-sync withdraw`: withdraw a wrong landed report."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.runs.summary import PlanView, RunSummary
    from tasks.acts.withdraw import Withdrawn, Wrong


def withdraw(
    date: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Refresh date of the wrong report.")
    ],
    reason: Annotated[str, typer.Option(help="The reason; the ledger keeps it, and `why` shows it.")],
    tenant: Annotated[str | None, typer.Option(help="Name of the tenant; needed when there are several.")] = None,
    report: Annotated[
        str | None,
        typer.Option(
            help="A kind (user-counts, user-detail, platform-counts), all, or a landed report by its id or sha256.",
            show_default="what was imported of that date",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    approve: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Digest of the held plan that you approve; any other plan stays held."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Withdraw a wrong landed report: bring back the values before it, and use it no longer.

    It names the rows that a person has corrected since, and leaves them. To use the report again, import it again.
    """
    from activation_sync.core.rule.planned import Sending
    from commands.support.choosing import only_tenant
    from commands.support.console import err, print_json
    from commands.support.exits import Exit
    from commands.support.running import say_unneeded
    from tasks.acts.withdraw import Wrong, preview_withdraw
    from tasks.acts.withdraw import withdraw as withdraw_reports
    from tasks.steps.planning import view_of

    name, wrong = only_tenant(tenant).name, Wrong(date.date(), reason, report)
    if dry_run:
        found, summary = preview_withdraw(name, wrong), None
    else:
        with err.status(f"{name}: waiting for its lease"):
            found, summary = withdraw_reports(name, wrong, approve)
    view = summary.plan if summary else view_of(found.withdrawal.plan, Sending.WOULD)
    if as_json:
        print_json(_facts(found, wrong, view, summary))
    else:
        _say(found, wrong, view, is_done=not dry_run)
        say_unneeded(approve, [view])
    raise typer.Exit(Exit.HELD if dry_run and view.is_held else Exit.DONE)


def _facts(found: "Withdrawn", wrong: "Wrong", view: "PlanView", summary: "RunSummary | None") -> dict[str, object]:
    withdrawal = found.withdrawal
    stays = [key._asdict() | {"measures": list(measures)} for key, measures in withdrawal.stays.items()]
    return {
        "tenant": view.tenant,
        "run_id": summary.run_id if summary else None,
        "refreshed_on": wrong.on,
        "reason": wrong.reason.strip(),
        "reports": [landed.id for landed in found.reports],
        "plan": view,
        "left_the_table": [key._asdict() for key in withdrawal.gone],
        "stays_corrected": stays,
        "cannot_be_unsent": [key._asdict() for key in withdrawal.sent],
    }


def _say(found: "Withdrawn", wrong: "Wrong", view: "PlanView", *, is_done: bool) -> None:
    from rich.markup import escape

    from activation_sync.core.phrases import rows_words
    from activation_sync.core.rule.withdraw import sent_words, stays_words
    from commands.support.console import say
    from commands.support.running import say_changes, say_findings, say_queued

    say_changes(view)
    verb = "Withdrawn" if is_done else "Would withdraw"
    for landed in found.reports:
        say(f"{verb}: {landed.report} of {wrong.on} from {landed.source}, given {landed.seen_at:%Y-%m-%d %H:%M} UTC")
    for line in (*stays_words(found.withdrawal), *sent_words(found.withdrawal)):
        say(escape(line))
    gone = len(found.withdrawal.gone)
    changes = f"{rows_words(view.written - gone)} back to what stood before, {rows_words(gone)} out of the table"
    say(f"[bold]{view.tenant}[/bold]: {changes}.")
    if is_done:
        say_queued(view)
        return
    say_findings(view)
    if view.is_held:
        _say_how_to_approve(wrong, view)


def _say_how_to_approve(wrong: "Wrong", view: "PlanView") -> None:
    from commands.support.typed import say_typed

    report = ("--report", wrong.report) if wrong.report else ()
    which = ("--tenant", view.tenant, "--date", str(wrong.on), *report, "--reason", wrong.reason)
    say_typed("If that is right:", "withdraw", *which, "--approve", view.digest)
