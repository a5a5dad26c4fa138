"""What the Prefect server is told to do by itself, and where notifications go; `tests/e2e` sees it done."""

from collections.abc import Iterator

import pytest
from prefect.blocks.notifications import MicrosoftTeamsWebhook
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import Automation, Posture
from pydantic import SecretStr

from commands.support.automations import register_automations

WEBHOOK = "https://chat.example/hooks/top-secret"
TEAMS = "https://prod-1.westeurope.logic.azure.com:443/workflows/0123/triggers/manual/paths/invoke?sig=top-secret"
HEARTBEAT_S = 180  # Prefect's own, on a worker that was told nothing


@pytest.fixture(autouse=True)
def own_automations(prefect_server: None) -> Iterator[None]:
    """None before and none afterwards: all tests share one Prefect server."""
    yield
    with get_client(sync_client=True) as client:
        for automation in client.read_automations():
            client.delete_automation(automation.id)


def registered() -> dict[str, Automation]:
    with get_client(sync_client=True) as client:
        return {automation.name: automation for automation in client.read_automations()}


def notifying() -> Automation:
    return registered()["activation-sync tells what needs somebody"]


def test_registered_again_there_is_one_of_each_and_a_paused_one_stays_paused():
    register_automations(SecretStr(WEBHOOK))
    before = registered()
    with get_client(sync_client=True) as client:
        client.pause_automation(notifying().id)

    register_automations()

    after = registered()
    assert {name: automation.id for name, automation in after.items()} == {
        name: automation.id for name, automation in before.items()
    }
    assert notifying().actions == before[notifying().name].actions
    assert [name for name, automation in after.items() if not automation.enabled] == [notifying().name]


def test_until_an_address_is_named_nobody_is_notified_and_crashed_runs_are_found_all_the_same():
    register_automations()

    assert list(registered()) == ["activation-sync gives up runs whose worker died"]


def test_the_address_is_a_secret_that_the_server_shows_nobody():
    register_automations(SecretStr(WEBHOOK))

    with get_client(sync_client=True) as client:
        kept = client.request("POST", "/block_documents/filter", json={"include_secrets": False}).text
        automations = client.request("POST", "/automations/filter", json={}).text

    assert "top-secret" not in kept + automations


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # the library that knows Teams
def test_an_address_of_teams_gets_cards():
    register_automations(SecretStr(TEAMS))

    channel = MicrosoftTeamsWebhook.load("activation-sync")
    assert channel.url.get_secret_value() == TEAMS
    assert [action.block_document_id for action in notifying().actions] == [channel._block_document_id]


def test_a_live_run_is_never_taken_for_dead():
    """Whatever its worker was told of heartbeats; and however its run ends, under names of Prefect's or of ours."""
    register_automations()

    trigger = registered()["activation-sync gives up runs whose worker died"].trigger
    assert trigger.posture is Posture.Proactive
    assert trigger.within.total_seconds() >= 3 * HEARTBEAT_S
    assert trigger.expect == {"prefect.flow-run.*"}
    assert trigger.match_related["prefect.resource.id"] == ["prefect.tag.activation-sync"]
