"""`activation-sync verify-ledger`: whether the ledger is still what was written."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.ledger.proof import ChainProof


def verify_ledger(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    head: Annotated[
        str | None, typer.Option(help="A head noted earlier: prove that it is still part of a chain.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
) -> None:
    """Prove the ledger's hash chain from the first row to the last, or name the first row that breaks it.

    Note the head somewhere else from time to time: rows cut off at the end show only against it.
    """
    from activation_sync.warehouse.database.engine import reading
    from activation_sync.warehouse.database.schema import refuse_other_schema
    from activation_sync.warehouse.ledger.chain import read_heads
    from activation_sync.warehouse.ledger.proof import prove_chain
    from commands.support.console import print_json
    from commands.support.exits import Exit
    from tasks.wiring import open_warehouse

    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        tenants = [tenant] if tenant else list(read_heads(connection))
        proofs = [prove_chain(connection, name, head) for name in tenants]
    if as_json:
        print_json(proofs)
    else:
        _say_proofs(proofs, head)
    is_proven = all(proof.broken is None for proof in proofs) and _has_head(proofs, head)
    raise typer.Exit(Exit.DONE if is_proven else Exit.FAILED)


def _has_head(proofs: "list[ChainProof]", head: str | None) -> bool:
    return head is None or any(proof.has_noted_head for proof in proofs)


def _say_proofs(proofs: "list[ChainProof]", head: str | None) -> None:
    from activation_sync.core.phrases import rows_words
    from commands.support.console import say, say_error

    for proof in proofs:
        if proof.broken:
            broken = f"row {proof.broken.id} of {proof.broken.at}: {proof.broken.fault}"
            say_error(f"{proof.tenant}: {rows_words(proof.rows)} intact, then {broken}")
        else:
            say(f"[bold]{proof.tenant}[/bold]: {rows_words(proof.rows)} intact; head {proof.head or '(none)'}")
    if not proofs:
        say("The ledger is empty.")
    if not _has_head(proofs, head):
        say_error(f"no chain holds the head {head}: rows were cut off, or a chain was written anew")
