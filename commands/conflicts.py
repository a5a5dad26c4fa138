"""`activation-sync conflicts`: what waits for a person to decide."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.core.rule.conflicts import OpenConflict

NUMERIC = ("agreed", "observed", "warehouse", "published")


def conflicts(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the conflicts as JSON.")] = False,
) -> None:
    """List conflicts: usage data and warehouse changed to different values. No run writes or sends these rows."""
    from activation_sync.warehouse.database.engine import reading
    from commands.support.choosing import chosen_tenants, exit_of_choice, open_migrated_warehouse
    from commands.support.console import print_json, say
    from commands.support.exits import Exit, most_pressing
    from tasks.nights.standing import read_conflicts

    tenants = chosen_tenants(tenant)
    with reading(open_migrated_warehouse()) as connection:
        found = [conflict for one in tenants for conflict in read_conflicts(connection, one.name)]
    if as_json:
        print_json(found)
    elif found:
        _say(found)
    else:
        say("No conflict is open.")
    raise typer.Exit(most_pressing([Exit.UNSETTLED if found else Exit.DONE, exit_of_choice(tenant)]))


def _say(found: "list[OpenConflict]") -> None:
    from activation_sync.core.phrases import rows_words
    from activation_sync.core.rule.reasons import MEASURE_WORDS
    from commands.support.console import print_table, say
    from commands.support.typed import say_typed

    for conflict in found:
        title = f"{conflict.tenant}: {conflict.product}, refresh date {conflict.refreshed_on}"
        print_table(title, list(_rows(conflict)), NUMERIC)
        for sides in conflict.measures:
            say(f"  {MEASURE_WORDS[sides.measure]}: {sides.reason}")
        say(f"  digest {conflict.digest}", is_copied=True)
    say(f"{rows_words(len(found))} in conflict: neither written nor sent until you decide, for instance of the first:")
    say_typed(" ", "resolve", *_which(found[0]), "--take", "warehouse")
    say("(--take observed takes the usage data's values; with --approve DIGEST, only what is shown here is decided)")


def _which(conflict: "OpenConflict") -> tuple[str, ...]:
    return conflict.product, "--tenant", conflict.tenant, "--date", str(conflict.refreshed_on)


def _rows(conflict: "OpenConflict") -> Iterator[dict[str, str]]:
    from activation_sync.core.rule.reasons import MEASURE_WORDS, count_words

    for sides in conflict.measures:
        yield {
            "measure": MEASURE_WORDS[sides.measure],
            "agreed": count_words(sides.agreed),
            "observed": count_words(sides.observed),
            "warehouse": count_words(sides.warehouse),
            "published": count_words(sides.published),
            "since (UTC)": f"{sides.since:%Y-%m-%d %H:%M}" if sides.since else "-",
        }
