"""`activation-sync check`: is everything in place, and if not, what to do about it?"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from activation_sync.core.model import Report
    from activation_sync.graph.client import GraphClient
    from config.settings import TenantSettings


class Look(NamedTuple):
    """One thing looked at. verdict: ok, note (works, but worth knowing) or bad."""

    tenant: str
    what: str
    verdict: str
    says: str


def check(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as JSON.")] = False,
) -> None:
    """Check configuration, warehouse, landing, token, permission, reports, user names, write-back; change nothing."""
    from commands.support.choosing import chosen_tenants
    from commands.support.console import print_json
    from commands.support.exits import Exit

    tenants = chosen_tenants(tenant)
    lines = []
    for line in _looks(tenants):
        lines.append(line)
        if not as_json:
            _say(line)
    if as_json:
        print_json([line._asdict() for line in lines])
    raise typer.Exit(Exit.FAILED if any(line.verdict == "bad" for line in lines) else Exit.DONE)


def _looks(tenants: "Sequence[TenantSettings]") -> Iterator[Look]:
    from config.sources import find_file

    names = ", ".join(one.name for one in tenants)
    yield Look("", "configuration", "ok", f"every value of {find_file(None)} is valid; checking {names}")
    yield _looked("", "warehouse", _warehouse)
    yield _looked("", "landing", _landing)
    for one in tenants:
        yield from _tenant(one)


def _say(line: Look) -> None:
    from rich.markup import escape

    from commands.support.console import say

    signs = {"ok": "[green]ok  [/green]", "note": "[yellow]note[/yellow]", "bad": "[red]bad [/red]"}
    whose = f"{line.tenant}: " if line.tenant else ""
    say(f"{signs[line.verdict]} {escape(whose + line.what)}: {escape(line.says)}")


def _warehouse() -> str:
    from commands.support.choosing import refuse_unwritable_warehouse

    refuse_unwritable_warehouse()
    return "can be read and written, and has this version's schema"


def _landing() -> str:
    from tasks.wiring import open_landing

    open_landing().prove_usable()
    return "can be written, read and cleared"


def _tenant(tenant: "TenantSettings") -> Iterator[Look]:
    from activation_sync.core.reports.catalogue import CATALOGUE
    from activation_sync.errors import ActivationSyncError, GraphRefusedError
    from tasks.wiring import open_graph

    with open_graph(tenant.name) as graph:
        try:
            roles = graph.read_token_roles() or ()
        except ActivationSyncError as error:
            yield Look(tenant.name, "token", "bad", str(error))
            return
        yield from _permissions(tenant.name, roles)
        for kind in CATALOGUE:
            spared = () if kind.is_required else (GraphRefusedError,)
            yield _looked(tenant.name, f"report {kind.report}", partial(_report, graph, kind.report, tenant), spared)
        yield _concealed(tenant.name, graph)
        yield _write_back(tenant, graph)


def _permissions(tenant: str, roles: Sequence[str]) -> Iterator[Look]:
    """The permissions in the token, and a line of its own if the one that each run needs is missing."""
    from activation_sync.graph.answers import READ_PERMISSION

    yield Look(tenant, "token", "ok", f"permissions {', '.join(roles) or 'none'}")
    if READ_PERMISSION not in roles:
        yield Look(tenant, "permission", "bad", f"grant the application permission {READ_PERMISSION} and admin consent")


def _looked(tenant: str, what: str, look: Callable[[], str], spared: tuple[type[Exception], ...] = ()) -> Look:
    """spared: errors that no night fails for."""
    from activation_sync.errors import ActivationSyncError

    try:
        return Look(tenant, what, "ok", look())
    except spared as error:
        return Look(tenant, what, "note", f"a night goes on without it: {error}")
    except ActivationSyncError as error:
        return Look(tenant, what, "bad", str(error))


def _report(graph: "GraphClient", report: "Report", tenant: "TenantSettings") -> str:
    """Asks for the report and reads its beginning; the rest is not downloaded. Counts as one request of the quota."""
    with graph.download(report, format=tenant.graph.report_format) as download:
        beginning = next(iter(download.chunks), b"")
    return f"offered as {tenant.graph.report_format} ({len(beginning):,} bytes read)"


def _concealed(tenant: str, graph: "GraphClient") -> Look:
    from activation_sync.errors import ActivationSyncError

    try:
        concealed = graph.read_report_settings()
    except ActivationSyncError as error:
        return Look(tenant, "user names", "bad", str(error))
    if concealed is None:
        return Look(
            tenant, "user names", "note", "not known whether Graph conceals them; ReportSettings.Read.All would show it"
        )
    if concealed:
        return Look(
            tenant, "user names", "note", "the tenant's report settings conceal them; the counts are still right"
        )
    return Look(tenant, "user names", "ok", "Graph shows them")


def _write_back(tenant: "TenantSettings", graph: "GraphClient") -> Look:
    from activation_sync.errors import ActivationSyncError
    from tasks.wiring import now

    try:
        rows = graph.read_counts(now().date())
    except ActivationSyncError as error:
        return Look(tenant.name, "write-back", "bad", str(error))
    enabled = "enabled" if tenant.write_back.enabled else "switched off (write_back.enabled = true turns it on)"
    if rows is None:
        return Look(tenant.name, "write-back", "note", f"this Graph does not offer {tenant.write_back.path}; {enabled}")
    return Look(tenant.name, "write-back", "ok" if tenant.write_back.enabled else "note", f"offered; {enabled}")
