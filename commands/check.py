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
    """One thing looked at. tenant: empty for what all share. verdict: ok, note (works, but worth knowing) or bad."""

    tenant: str
    what: str
    verdict: str
    says: str


def check(
    tenant: Annotated[str | None, typer.Argument(help="Name of one tenant; without it, all tenants.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as JSON.")] = False,
) -> None:
    """Check configuration, warehouse, landing, token, permission, reports, user names, write-back; change nothing."""
    from commands.support.choosing import chosen_names
    from commands.support.console import print_json, say
    from commands.support.exits import Exit

    names, lines = chosen_names(tenant), []
    for line in _looks(names):
        lines.append(line)
        if not as_json:
            _say(line)
    if as_json:
        print_json([line._asdict() for line in lines])
    else:
        say(_ending(names, lines))
    raise typer.Exit(Exit.FAILED if any(line.verdict == "bad" for line in lines) else Exit.DONE)


def _looks(names: Sequence[str]) -> Iterator[Look]:
    from config.sources import find_file
    from tasks.wiring import malformed_tenants

    malformed = malformed_tenants()
    sound = [name for name in names if name not in malformed]
    valid = "every value" if len(sound) == len(names) else "every value that tenants share"
    yield Look("", "configuration", "ok", f"{valid} of {find_file(None)} is valid; checking {', '.join(names)}")
    yield _looked("", "warehouse", _warehouse)
    yield _looked("", "landing", _landing)
    for name in names:
        yield from [Look(name, "configuration", "bad", malformed[name])] if name in malformed else _tenant(name)


def _ending(names: Sequence[str], lines: Sequence[Look]) -> str:
    """How many tenants are fine, and who or what is not."""
    bad = dict.fromkeys(line.tenant or f"the {line.what}" for line in lines if line.verdict == "bad")
    fine = f"{len(set(names) - set(bad)):,} fine"
    return f"{fine}, {len(bad):,} {'needs' if len(bad) == 1 else 'need'} you: {', '.join(bad)}" if bad else f"{fine}."


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


def _tenant(name: str) -> Iterator[Look]:
    """A tenant's lines; whatever keeps it from its end is its last one, and the next tenant's turn comes."""
    from activation_sync.errors import ActivationSyncError
    from tasks.wiring import open_graph, tenant_settings

    try:
        with open_graph(name) as graph:
            roles = graph.read_token_roles() or ()
            yield from _permissions(name, roles)
            yield from _offers(tenant_settings(name), graph)
    except ActivationSyncError as error:
        yield Look(name, "token", "bad", str(error))


def _offers(tenant: "TenantSettings", graph: "GraphClient") -> Iterator[Look]:
    """What Graph has for this tenant."""
    from activation_sync.core.reports.catalogue import CATALOGUE
    from activation_sync.errors import GraphRefusedError

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
