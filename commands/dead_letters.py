"""`activation-sync dead-letters`: what Graph refused for good."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.delivery.outbox import DeadLetter


def dead_letters(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the dead letters as JSON.")] = False,
) -> None:
    """List updates that Graph refused for good, with its answer and the request id (for Microsoft's support)."""
    from commands.support.choosing import chosen_tenants, exit_of_choice
    from commands.support.console import print_json, say
    from commands.support.exits import Exit, most_pressing
    from commands.support.typed import say_typed
    from tasks.acts.retry import read_dead_letters

    found = {one.name: read_dead_letters(one.name) for one in chosen_tenants(tenant)}
    dead = [(name, letter) for name, letters in found.items() for letter in letters]
    if as_json:
        print_json([_facts(name, letter) for name, letter in dead])
    elif dead:
        for name, letter in dead:
            _say(name, letter)
        say("When the cause is gone, queue the values that are current then:")
        for name in dict.fromkeys(name for name, _ in dead):
            say_typed(" ", "retry", name)
    else:
        say("No dead letters.")
    raise typer.Exit(most_pressing([Exit.UNSETTLED if dead else Exit.DONE, exit_of_choice(tenant)]))


def _facts(tenant: str, letter: "DeadLetter") -> dict[str, object]:
    key = letter.update.key
    return {
        "tenant": tenant,
        "refreshed_on": key.refreshed_on,
        "product": key.product,
        "counts": letter.update.counts._asdict(),
        "status": letter.status,
        "answer": letter.answer,
        "request_id": letter.request_id,
        "refused_at": letter.updated_at,
        "attempts": letter.attempts,
    }


def _say(tenant: str, letter: "DeadLetter") -> None:
    from rich.markup import escape

    from activation_sync.core.rule.reasons import MEASURE_WORDS, count_words
    from commands.support.console import say

    key, values = letter.update.key, zip(MEASURE_WORDS.values(), letter.update.counts, strict=True)
    counts = ", ".join(f"{name} {count_words(count)}" for name, count in values)
    say(f"[bold]{tenant}: {escape(key.product)}, refresh date {key.refreshed_on}[/bold]")
    say(f"  sent: {counts}")
    when = f"{letter.updated_at:%Y-%m-%d %H:%M} UTC"
    say(f"  refused {when} with status {letter.status or '-'}, attempt {letter.attempts}")
    say(f"  {escape(letter.answer or 'no message')}")
    say(f"  request id {letter.request_id or '-'}\n", is_copied=True)
