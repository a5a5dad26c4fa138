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
    from activation_sync.core.pages.plan_view import view_plan
    from commands.support.console import err, print_json
    from commands.support.exits import Exit
    from tasks.acts.revert import find_run, preview_revert
    from tasks.acts.revert import revert as revert_run

    undone = find_run(run)
    if dry_run:
        found, summary = preview_revert(undone), None
    else:
        with err.status(f"{undone.tenant}: waiting for its lease"):
            found, summary = revert_run(undone, approve)
    view = view_plan(found.plan)
    if as_json:
        print_json(_facts(undone, found, view, summary))
    else:
        _say(undone, found, view, is_done=not dry_run)
    raise typer.Exit(Exit.HELD if dry_run and view.is_held else Exit.DONE)


def _facts(undone: "RunRecord", found: "Revert", view: "PlanView", summary: "RunSummary | None") -> dict[str, object]:
    from activation_sync.core.rule.revert import left_words

    run_id = summary.run_id if summary else None
    return {"reverted_run_id": undone.run_id, "run_id": run_id, "plan": view, "left": left_words(found.left)}


def _say(undone: "RunRecord", found: "Revert", view: "PlanView", *, is_done: bool) -> None:
    from activation_sync.core.phrases import rows_words
    from activation_sync.core.rule.revert import left_words
    from commands.support.console import say, say_error
    from commands.support.running import say_changes

    say_changes(view.tenant, view.digest, view.table)
    which = f"the {undone.kind} run of {undone.started_at:%Y-%m-%d %H:%M} UTC"
    verb = "Brought back" if is_done else "Would bring back"
    say(f"[bold]{view.tenant}[/bold]: {verb} {rows_words(view.written)} to the values before {which}.")
    for line in left_words(found.left):
        say(line)
    if is_done and view.pushed:
        say(f"The next sync sends {rows_words(view.pushed)} to Graph; to send now: activation-sync sync {view.tenant}")
    for finding in () if is_done else view.findings:
        say_error(f"{view.tenant}: would be held: {finding}")
    if not is_done and view.is_held:
        say(f"If that is right: activation-sync revert {undone.run_id} --approve {view.digest}")
