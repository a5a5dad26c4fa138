"""What the tests' Prefect server was told."""

from typing import Any

from prefect.client.orchestration import get_client
from prefect.events import Event

from tests.support.sites.newcomer import wait_for


def heard_of(resource: str) -> list[Any]:
    """The events of this resource, in order. The server keeps events in the order in which it got them."""
    last = Event(event="activation-sync.test.last", resource={"prefect.resource.id": resource})
    with get_client(sync_client=True) as client:
        client.request("POST", "/events", json=[last.model_dump(mode="json")])
        asked = {"filter": {"resource": {"id": [resource]}}, "limit": 50}
        kept = wait_for(
            lambda: (
                (found := client.request("POST", "/events/filter", json=asked).json()["events"])
                and any(event["id"] == str(last.id) for event in found)
                and found
            )
        )
    return sorted((event for event in kept if event["event"] != last.event), key=lambda event: event["occurred"])
