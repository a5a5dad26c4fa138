"""Raises one event when a trouble of a tenant begins, and one when it ends; the server's automations notify people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid5

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.events import Event, RelatedResource, Resource
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from activation_sync.core.phrases import rows_words
from activation_sync.core.runs.alerts import Alert, alerts, troubles_after
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.standing import Standing, begun_since, fleet_words
from activation_sync.core.runs.summary import RunSummary
from activation_sync.errors import ActivationSyncError
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.runs.runs import read_troubles, record_troubles
from tasks.log import step_log
from tasks.wiring import open_warehouse

OURS = UUID("5e5b1a1c-2d0e-5b7e-9f5b-0d6a3c1f7b42")  # the namespace of our event ids
FLEET = "activation-sync.fleet"
LONGEST_S = 5.0  # how long a run waits for a server that does not answer
KINDS = {RunKind.SYNC: "tenant", RunKind.BACKFILL: "backfill"}  # no event for what people do: they know


def tell_changes(
    summary: RunSummary, kind: RunKind = RunKind.SYNC, before: Mapping[str, int] | None = None
) -> RunSummary:
    """Raise an event for each trouble that began, grew or is over since the last run; return what is amiss now.

    before: what was amiss when the run began, where it looked; None: asked now.
    Called before a run is recorded as ended: one that is killed in between tells again, with the same event ids.
    """
    if kind not in KINDS:
        return summary
    before = _troubles_before(summary, kind) if before is None else before
    after = troubles_after(before, summary, kind)
    _raise_events([_event(alert, summary, kind) for alert in alerts(before, after, summary)])
    return replace(summary, troubles=after)


def tell_left_out(summary: RunSummary, last: RunSummary) -> None:
    """Raise an event when a tenant is left out for the first time. last: its last run, with which that is remembered.

    Killed in between, the next night tells again, with the same event id.
    """
    troubles = tell_changes(replace(summary, run_id=last.run_id), before=last.troubles).troubles
    if troubles != last.troubles:
        with writing(open_warehouse()) as connection:
            record_troubles(connection, replace(last, troubles=troubles))


def tell_fleet(standings: Sequence[Standing], began_on: date) -> None:
    """Raise one event for all tenants of a fleet that were well before the day (UTC) on which it began.

    The events of its shards carry the name of the flow `shard`, so that nobody is notified of thousands one by one.
    """
    begun = begun_since(standings, began_on)
    if not begun:
        return
    number = f"{rows_words(len(begun), 'tenant')} of {len(standings):,}"
    verb = "needs" if len(begun) == 1 else "need"
    told = Event(
        id=uuid5(OURS, " ".join([FLEET, *(f"{one.tenant} {one.condition} {one.since}" for one in begun)])),
        event=FLEET,
        resource=Resource({"prefect.resource.id": FLEET, "prefect.resource.name": "fleet"} | _told_in()),
        related=_related(),
        payload={
            "number": len(begun),
            "title": f"fleet: {number} {verb} attention since last night",
            "message": f"{fleet_words(begun)} The artifact `fleet` says why, and what to do.",
        },
    )
    _raise_events([told])


def _troubles_before(summary: RunSummary, kind: RunKind) -> Mapping[str, int]:
    """Empty when the warehouse cannot be read: then each night raises the event again, which is better than never."""
    try:
        with reading(open_warehouse()) as connection:
            return read_troubles(connection, summary.tenant, kind)
    except ActivationSyncError:
        if summary.outcome is Outcome.FAILED:
            return {}
        raise


def _raise_events(events: Sequence[Event]) -> None:
    """Hand events to the Prefect server and wait until it has them. Outside of a flow run, send nothing.

    Not by `emit_event`: its thread may still be sending when the run is recorded, or when the process has ended.
    """
    if not events or not runtime.flow_run.id:
        return
    try:
        with (
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
            get_client(sync_client=True, httpx_settings={"timeout": LONGEST_S}) as client,
        ):
            client.request("POST", "/events", json=[event.model_dump(mode="json") for event in events])
    except Exception as error:  # whatever it is, a run does not end by it
        names = ", ".join(event.event for event in events)
        step_log().warning("the Prefect server did not take %s (%s)", names, type(error).__name__)


def _event(alert: Alert, summary: RunSummary, kind: RunKind) -> Event:
    return Event(
        id=uuid5(OURS, f"{summary.run_id} {alert.event}"),
        event=alert.event,
        resource=Resource(
            {
                "prefect.resource.id": f"activation-sync.{KINDS[kind]}.{alert.tenant}",
                "prefect.resource.name": alert.tenant,
            }
            | _told_of_tenant()
        ),
        related=_related(),
        payload={
            "tenant": alert.tenant,
            "trouble": alert.trouble.value,
            "number": alert.number,
            "before": alert.before,
            "as_of": summary.as_of.isoformat(),
            "run_id": summary.run_id,
            "title": alert.title,
            "message": alert.message,
        },
    )


def _told_in() -> dict[str, str]:
    """The name of the flow that raises the event, as a label that automations can filter by."""
    return {"activation-sync.told-in": runtime.flow_run.flow_name or ""}


def _told_of_tenant() -> dict[str, str]:
    """The same for one tenant. In a fleet it is that of its shards: people are told of all tenants at once."""
    return _told_in() | ({"activation-sync.told-in": "shard"} if runtime.flow_run.flow_name == "fleet" else {})


def _related() -> list[RelatedResource]:
    """The flow run, so that the event leads to its page."""
    return [
        RelatedResource(
            {
                "prefect.resource.id": f"prefect.flow-run.{runtime.flow_run.id}",
                "prefect.resource.role": "flow-run",
                "prefect.resource.name": runtime.flow_run.name or "",
            }
        )
    ]
