"""Which schedules the Prefect server has of our deployments, and which of them are on."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse


class Scheduled(NamedTuple):
    """One schedule of a deployment. when: as people say it."""

    deployment: str
    when: str
    is_on: bool


def read_schedules(pool: str) -> list[Scheduled]:
    """The schedules of the deployments of a work pool, as the server has them now."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName

    of_pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    with get_client(sync_client=True) as client:
        found = client.read_deployments(work_pool_filter=of_pool)
    return sorted(scheduled for deployment in found for scheduled in _of(deployment))


def schedule_words(found: Sequence[Scheduled]) -> Iterator[str]:
    """A line a schedule; then what is wrong, as one of them is to be on."""
    for one in found:
        yield f"{one.deployment}: {'on, ' + one.when if one.is_on else 'off'}"
    on = [one.deployment for one in found if one.is_on]
    if not on:
        yield "No schedule is on, so no night runs by itself: set one to active in deployments/prefect.yaml, or there."
    if len(on) > 1:
        yield f"{' and '.join(on)} are on: both run all tenants, so turn one of them off."


def cron_words(cron: str, time_zone: str) -> str:
    """`every night at 01:30 (Europe/Berlin)`; another rhythm as it is written."""
    minute, hour, *days = cron.split()
    is_nightly = days == ["*"] * 3 and minute.isdigit() and hour.isdigit()
    when = f"every night at {int(hour):02}:{int(minute):02}" if is_nightly else f"cron {cron}"
    return f"{when} ({time_zone})"


def _of(deployment: "DeploymentResponse") -> Iterable[Scheduled]:
    from prefect.client.schemas.schedules import CronSchedule

    for one in deployment.schedules:
        plan = one.schedule
        when = cron_words(plan.cron, plan.timezone or "UTC") if isinstance(plan, CronSchedule) else "as Prefect says"
        yield Scheduled(deployment.name, when, one.active and not deployment.paused)
