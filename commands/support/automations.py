"""What the Prefect server does by itself: it notifies people, and sets runs whose worker died to Crashed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import yaml

if TYPE_CHECKING:
    from prefect.blocks.abstract import NotificationBlock
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import Automation
    from pydantic import SecretStr

AUTOMATIONS = Path(__file__).parents[2] / "deployments/automations.yaml"
CHANNEL = "activation-sync"  # the name of the block that holds where notifications go
NOTIFIES = "send-notification"


def register_automations(notify_url: "SecretStr | None" = None) -> None:
    """Register the automations of the file, each by its name; if somebody paused one, it stays paused.

    notify_url: where notifications go from now on; left out, they go where they went before, or nowhere.
    """
    from prefect.client.orchestration import get_client

    channel = cast(UUID, _channel(notify_url).save(CHANNEL, overwrite=True)) if notify_url else None
    with get_client(sync_client=True) as client:
        for written in yaml.safe_load(AUTOMATIONS.read_text(encoding="utf-8"))["automations"]:
            _register(client, written, channel)


def _register(client: "SyncPrefectClient", written: dict[str, Any], channel: UUID | None) -> None:
    from prefect.events.schemas.automations import AutomationCore

    known = next(iter(client.read_automations_by_name(written["name"])), None)
    channel = channel or next(_channels(known), None)
    if channel is None and any(action["type"] == NOTIFIES for action in written["actions"]):
        return
    actions = [_through(channel, action) for action in written["actions"]]
    wanted = AutomationCore.model_validate(written | {"actions": actions, "enabled": known.enabled if known else True})
    if known:
        client.update_automation(known.id, wanted)
    else:
        client.create_automation(wanted)


def _through(channel: UUID | None, action: dict[str, Any]) -> dict[str, Any]:
    return action | {"block_document_id": channel} if action["type"] == NOTIFIES else action


def _channels(known: "Automation | None") -> Iterator[UUID]:
    """Where an automation that is registered notifies."""
    for action in known.actions if known else ():
        if channel := getattr(action, "block_document_id", None):
            yield channel


def _channel(url: "SecretStr") -> "NotificationBlock":
    """A card for a workflow of Microsoft Teams; for any other address `{"text": ...}`, which most chats understand."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock, MicrosoftTeamsWebhook

    try:
        return MicrosoftTeamsWebhook(url=url)
    except ValueError:  # no address of Teams
        # the address stands among the secrets, which Prefect encrypts; in `url` anybody could read it
        return CustomWebhookNotificationBlock(
            name=CHANNEL,
            url="{{url}}",
            json_data={"text": "{{subject}}\n{{body}}"},
            secrets={"url": url.get_secret_value()},
        )
