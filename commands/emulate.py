"""`activation-sync emulate`: a local Microsoft Graph for any client."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from threading import Event

    from activation_sync.emulator.hosting import HowToConnect

WRITE_BACK_MODES = ("documented", "real-service")


def _known_mode(value: str) -> str:
    if value not in WRITE_BACK_MODES:
        raise typer.BadParameter(f"choose one of {', '.join(WRITE_BACK_MODES)}")
    return value


def emulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of Graph and sign-in; 0 takes a free one.")] = 8443,
    download_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the CSV downloads.")] = 8444,
    tenants: Annotated[int, typer.Option(min=1, help="How many tenants.")] = 1,
    users: Annotated[int, typer.Option(min=0, help="Users of each tenant.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 7,
    write_back: Annotated[
        str,
        typer.Option(
            callback=_known_mode,
            help="'documented' offers the write-back resource, 'real-service' answers as Graph does today.",
        ),
    ] = "documented",
    ca_file: Annotated[Path, typer.Option(help="Where to write the certificate that clients must trust.")] = Path(
        "emulator-ca.pem"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print how to connect as JSON, on one line.")] = False,
) -> None:
    """Serve an emulated Microsoft Graph on loopback until Ctrl-C, and print how to connect to it."""
    from activation_sync.emulator import Scenario
    from activation_sync.emulator.hosting import host_emulator
    from commands.support.console import print_json_line, say

    ended = _ended_by_signal()
    try:
        scenario = Scenario(
            port=port,
            download_port=download_port,
            tenants=tenants,
            users=users,
            seed=seed,
            write_back="documented" if write_back == "documented" else "real-service",
            ca_file=ca_file,
        )
        with host_emulator(scenario) as how:
            if as_json:
                print_json_line(how)
            else:
                say(_how_to_connect(how), is_copied=True)
            while not ended.wait(1.0):  # without a limit, Windows would not let Ctrl-C through
                pass
    except OSError as error:
        raise typer.BadParameter(_remedy(error)) from None


def _ended_by_signal() -> "Event":
    """Ctrl-C or SIGTERM sets it, which is how a server normally ends."""
    import signal
    from threading import Event

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _remedy(error: OSError) -> str:
    if error.filename:
        return f"cannot write {error.filename}: {error.strerror}; choose another --ca-file"
    return f"cannot listen: {error.strerror}; choose another --port or --download-port"


def _how_to_connect(how: "HowToConnect") -> str:
    from rich.markup import escape

    return f"""[bold]Emulated Microsoft Graph[/bold], write-back as {how.write_back}; Ctrl-C stops it.

Graph root       {how.graph_root}
token authority  {how.graph_root}/TENANT_ID
downloads        https://{how.download_host}
trust            {how.ca_file}
steer it         {how.steering_root}/faults, /clock, /journal, /state

As a configuration of activation-sync (each secret goes into the environment):

{escape(_configuration(how))}"""


def _configuration(how: "HowToConnect") -> str:
    """What can be pasted into activation-sync.toml; TOML quotes as JSON does."""
    import json

    tenants = "\n".join(
        f'\n[[tenants]]\nname = "{one.tenant}"\ntenant_id = "{one.tenant_id}"\nclient_id = "{one.client_id}"\n'
        f'client_secret = "env:{_variable(one.tenant)}"\n# {_variable(one.tenant)}={one.client_secret}'
        for one in how.registrations
    )
    return f"""\
[graph]
root = "{how.graph_root}"
authority_root = "{how.graph_root}"
download_hosts = ["{how.download_host}"]
ca_file = {json.dumps(str(how.ca_file), ensure_ascii=False)}

[write_back]
enabled = true
{tenants}
"""


def _variable(tenant: str) -> str:
    return f"{tenant.upper().replace('-', '_')}_CLIENT_SECRET"
