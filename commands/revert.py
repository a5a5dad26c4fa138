"""`activation-sync revert`: undo a run."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.rule.revert import Revert
    from activation_sync.core.runs.summary import PlanView, RunSummary
    from activation_sync.warehouse.runs.runs import RunRecord


def revert(
    run: Annotated[str, typer.Argument(help="Id of the run, or its first characters, as `history` shows it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    approve: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Digest of the held plan that you approve; any other plan stays held."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Bring back the values before a run; the next sync sends them to Graph. You can revert a revert, too.

    Rows that moved again since stay as they are and are named, and so are rows that the run created.
    """
    from activation_sync.core.rule.planned import Sending
    from commands.support.console import err, print_json
    from commands.support.exits import Exit
    from commands.support.running import say_unneeded
    from tasks.acts.revert import find_run, preview_revert
    from tasks.acts.revert import revert as revert_run
    from tasks.steps.planning import view_of

    undone = find_run(run)
    if dry_run:
        found, summary = preview_revert(undone), None
    else:
        with err.status(f"{undone.tenant}: waiting for its lease"):
            found, summary = revert_run(undone, approve)
    view = summary.plan if summary else view_of(found.plan, Sending.WOULD)
    if as_json:
        print_json(_facts(undone, found, view, summary))
    else:
        _say(undone, found, view, is_done=not dry_run)
        say_unneeded(approve, [view])
    raise typer.Exit(Exit.HELD if dry_run and view.is_held else Exit.DONE)


def _facts(undone: "RunRecord", found: "Revert", view: "PlanView", summary: "RunSummary | None") -> dict[str, object]:
    run_id = summary.run_id if summary else None
    left = [key._asdict() | {"reason": reason.name.lower()} for key, reason in found.left.items()]
    return {"reverted_run_id": undone.run_id, "run_id": run_id, "plan": view, "left": left}


def _say(undone: "RunRecord", found: "Revert", view: "PlanView", *, is_done: bool) -> None:
    from rich.markup import escape

    from activation_sync.core.phrases import rows_words
    from activation_sync.core.rule.revert import left_words
    from commands.support.console import say
    from commands.support.running import say_changes, say_findings, say_queued
    from commands.support.typed import say_typed

    say_changes(view)
    which = f"the {undone.kind} run of {undone.started_at:%Y-%m-%d %H:%M} UTC"
    verb = "Brought back" if is_done else "Would bring back"
    say(f"[bold]{view.tenant}[/bold]: {verb} {rows_words(view.written)} to the values before {which}.")
    for line in left_words(found.left):
        say(escape(line))
    if is_done:
        say_queued(view)
        return
    say_findings(view)
    if view.is_held:
        say_typed("If that is right:", "revert", undone.run_id, "--approve", view.digest)
