"""`activation-sync register`: make our deployments and automations known to the Prefect server."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import SecretStr

CHECKOUT = Path(__file__).parents[1]
DEPLOYMENTS = Path("deployments/prefect.yaml")
POOL = "activation-sync"
UNAUTHORIZED = 401
LOGIN_REMEDY = (
    "set PREFECT_API_AUTH_STRING to what the server has, or PREFECT_PROFILES_PATH to the password.toml of `up`"
)


def register(
    notify: Annotated[
        str | None,
        typer.Option(
            metavar="REFERENCE",
            help="Where notifications go: env:NAME or file:PATH that holds the address of a webhook, a workflow of "
            "Microsoft Teams for instance. The server keeps it, so you give it once.",
        ),
    ] = None,
) -> None:
    """Register deployments, their work pool and automations with the Prefect server in use."""
    from activation_sync.errors import ConfigError
    from commands.support.automations import register_automations
    from commands.support.console import quieten_prefect, say
    from commands.support.schedules import read_schedules, schedule_words
    from commands.support.servers import server_in_use

    if not server_in_use():
        raise ConfigError(["no Prefect server is named; set PREFECT_API_URL, or let `activation-sync up` start one"])
    notify_url = _webhook(notify) if notify else None
    quieten_prefect()
    register_deployments()
    register_automations(notify_url)
    say(f"Registered. Run them on this machine with: prefect worker start --pool {POOL}", is_copied=True)
    say("Schedules on this server now:")
    for line in schedule_words(read_schedules(POOL)):
        say(f"  {line}")


def _webhook(reference: str) -> "SecretStr":
    from activation_sync.errors import ConfigError
    from config.references import read_secret

    url = read_secret(reference, "--notify")
    if not url.get_secret_value().startswith(("https://", "http://")):
        raise ConfigError(["the value that --notify refers to is not an address; it must begin with https://"])
    return url


def register_deployments() -> None:
    """The work pool if it is not there, then every deployment of the file; those registered before are replaced."""
    import httpx

    from activation_sync.errors import ConfigError

    if not (CHECKOUT / DEPLOYMENTS).is_file():
        raise ConfigError([f"{CHECKOUT} is not a checkout: no {DEPLOYMENTS} there; install with `pip install -e .`"])
    try:
        _make_pool()
    except httpx.HTTPError as error:
        raise ConfigError([_unusable_words(error)]) from None
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--prefect-file", str(DEPLOYMENTS), "--all"]
    # in the checkout: entrypoints count from there, and Prefect notes the folder as the one to run in
    told = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603
    if told.returncode:
        raise ConfigError([f"the deployments were not registered: {(told.stdout + told.stderr)[-2000:]}"])


def _make_pool() -> None:
    """An existing pool stays as it is: somebody may have set its limits."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    pool = WorkPoolCreate(name=POOL, type="process", base_job_template=template)
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(pool)


def _unusable_words(error: Exception) -> str:
    from commands.support.servers import server_in_use

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None:
        return f"no Prefect server answers at {server_in_use()}; start it, or fix PREFECT_API_URL"
    remedy = LOGIN_REMEDY if status == UNAUTHORIZED else "its log says why"
    return f"the Prefect server at {server_in_use()} refused the request ({status}); {remedy}"
