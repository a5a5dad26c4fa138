"""`activation-sync why`: the chain behind a number."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activation_sync.warehouse.ledger import LedgerRow


def why(
    product: Annotated[str, typer.Argument(help="Product, as Graph or the warehouse names it.")],
    tenant: Annotated[str | None, typer.Option(help="Tenant by its name; needed when there are several.")] = None,
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Refresh date [default: the newest]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain as JSON.")] = False,
) -> None:
    """Answer "why is this number what it is?": from the landed report to Graph's answer, oldest first."""
    from activation_sync.core.products import product_key
    from activation_sync.warehouse.engine import reading
    from activation_sync.warehouse.ledger import read_why
    from activation_sync.warehouse.schema import refuse_other_schema
    from commands.choosing import only_tenant
    from commands.console import print_json, say
    from commands.exits import Exit
    from tasks.wiring import open_warehouse

    chosen = only_tenant(tenant)
    key = product_key(product, chosen.sync.product_aliases)
    engine = open_warehouse()
    refuse_other_schema(engine)
    with reading(engine) as connection:
        chain = read_why(connection, chosen.name, key, date.date() if date else None)
    if as_json:
        print_json(chain)
    elif not chain:
        say(f"No decision about {key} is recorded for {chosen.name}. `activation-sync status` shows what is known.")
    else:
        _say_chain(chain)
    raise typer.Exit(Exit.DONE if chain else Exit.FAILED)


def _say_chain(chain: "list[LedgerRow]") -> None:
    from commands.console import print_table, say

    first = chain[0]
    print_table(f"{first.tenant}: {first.product}, refresh date {first.refreshed_on}", [_row(link) for link in chain])
    for role, landed_id in {("observed", link.observed_id) for link in chain} | {
        ("published", link.published_id) for link in chain
    }:
        if landed_id:
            say(f"[dim]{role} from landed report {landed_id}[/dim]")


def _row(link: "LedgerRow") -> dict[str, str]:
    if link.kind == "answer":
        said = f"Graph answered {link.status or 'nothing'}, request {link.request_id or '-'}"
        reason = f"{said}: {link.note}" if link.note else said
    else:
        reason = (
            f"{link.rule}: agreed {_shown(link.agreed)}, observed {_shown(link.observed)}, "
            f"warehouse {_shown(link.warehouse)}, published {_shown(link.published)}"
        )
    return {
        "when (UTC)": f"{link.at:%Y-%m-%d %H:%M:%S}",
        "by": link.who,
        "measure": (link.measure or "").replace("_", " "),
        "value": _shown(link.settled) if link.kind == "decision" else "",
        "why": reason,
    }


def _shown(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
