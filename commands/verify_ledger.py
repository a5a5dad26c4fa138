"""`activation-sync verify-ledger`: whether the ledger is still what was written."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tasks.ledger import LedgerProof


def verify_ledger(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    head: Annotated[
        str | None, typer.Option(help="A head noted elsewhere: prove that it is still part of a chain.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
) -> None:
    """Prove the ledger's hash chain from the first row to the last, or name the first row that breaks it.

    Each run notes the newest row in the landing. If rows were cut off or written anew since, the noted row is missing.
    """
    from activation_sync.warehouse.database.schema import refuse_other_schema
    from commands.support.console import print_json
    from commands.support.exits import Exit
    from tasks.ledger import prove_ledgers
    from tasks.wiring import open_warehouse

    refuse_other_schema(open_warehouse())
    proofs = list(prove_ledgers(tenant, head))
    if as_json:
        print_json(proofs)
    else:
        _say_proofs(proofs, head)
    is_proven = all(proof.holds for proof in proofs) and _has_head(proofs, head)
    raise typer.Exit(Exit.DONE if is_proven else Exit.FAILED)


def _has_head(proofs: "list[LedgerProof]", head: str | None) -> bool:
    return head is None or any(proof.has_given_head for proof in proofs)


def _say_proofs(proofs: "list[LedgerProof]", head: str | None) -> None:
    from activation_sync.core.phrases import rows_words
    from commands.support.console import say, say_error

    for proof in proofs:
        if proof.holds:
            intact = f"{rows_words(proof.rows)} intact; head {proof.head or '(none)'}"
            say(f"[bold]{proof.tenant}[/bold]: {intact}; {_noted_words(proof)}")
        else:
            say_error(f"{proof.tenant}: {_wrong_words(proof)}")
        _say_restorations(proof)
    if not proofs:
        say("The ledger is empty.")
    if not _has_head(proofs, head):
        say_error(f"no chain holds the head {head}: rows were cut off, or a chain was written anew")


def _noted_words(proof: "LedgerProof") -> str:
    if not proof.noted:
        return "no run has noted a head yet"
    return f"noted last: row {proof.noted.head.row}, {proof.noted.at:%Y-%m-%d %H:%M} UTC"


def _wrong_words(proof: "LedgerProof") -> str:
    from activation_sync.core.phrases import rows_words
    from commands.support.typed import typed
    from tasks.ledger import head_words

    wrong = [f"{rows_words(proof.rows)} intact"]
    if proof.broken:
        wrong.append(f"then row {proof.broken.id} of {proof.broken.at}: {proof.broken.fault}")
    if proof.is_emptied:
        wrong.append("runs are on record that wrote, so the ledger was emptied")
    if proof.notes_problem:
        wrong.append(proof.notes_problem)
    if proof.lost:
        remedy = f"if a backup was restored: {typed('restore', '--tenant', proof.tenant)}"
        wrong.append(f"{head_words(proof.lost)}, is not among them: rows were cut off or written anew; {remedy}")
    return "; ".join(wrong)


def _say_restorations(proof: "LedgerProof") -> None:
    from rich.markup import escape

    from commands.support.console import say

    for one in proof.restorations:
        say(f"  restored from an older backup on {one.at:%Y-%m-%d %H:%M} UTC by {escape(one.who)}: {escape(one.note)}")
