"""`activation-sync dead-letters`: what Graph refused for good."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.outbox import DeadLetter


def dead_letters(
    tenant: Annotated[str | None, typer.Argument(help="One tenant by its name; all of them when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the dead letters as JSON.")] = False,
) -> None:
    """List updates that Graph refused for good, with its answer and the request id (for Microsoft's support)."""
    from commands.choosing import chosen_tenants
    from commands.console import print_json, print_table, say
    from commands.exits import Exit
    from tasks.retry import read_dead_letters

    found = {one.name: read_dead_letters(one.name) for one in chosen_tenants(tenant)}
    dead = [(name, letter) for name, letters in found.items() for letter in letters]
    if as_json:
        print_json([_facts(name, letter) for name, letter in dead])
    elif dead:
        print_table(f"{len(dead)} refused by Graph", [_row(name, letter) for name, letter in dead], ("attempts",))
        say("Once the cause is gone: activation-sync retry TENANT (it sends what is current then)")
    else:
        say("No dead letter.")
    raise typer.Exit(Exit.UNSETTLED if dead else Exit.DONE)


def _facts(tenant: str, letter: "DeadLetter") -> dict[str, object]:
    key = letter.update.key
    return {
        "tenant": tenant,
        "refreshed_on": key.refreshed_on,
        "product": key.product,
        "counts": letter.update.counts,
        "status": letter.status,
        "answer": letter.answer,
        "request_id": letter.request_id,
        "refused_at": letter.updated_at,
        "attempts": letter.attempts,
    }


def _row(tenant: str, letter: "DeadLetter") -> dict[str, str]:
    from activation_sync.core.why import count_words

    key = letter.update.key
    return {
        "tenant": tenant,
        "date": str(key.refreshed_on),
        "product": key.product,
        "counts": "/".join(map(count_words, letter.update.counts.as_tuple())),
        "status": str(letter.status or "-"),
        "Graph's answer": letter.answer or "-",
        "request id": letter.request_id or "-",
        "refused (UTC)": f"{letter.updated_at:%Y-%m-%d %H:%M}",
        "attempts": str(letter.attempts),
    }
