"""What the Prefect server does by itself once it is registered: it tells people, once, and keeps where to."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.blocks.notifications import MicrosoftTeamsWebhook
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import Automation, Posture
from pydantic import SecretStr

from activation_sync.core.run import Outcome
from activation_sync.emulator import Scenario
from commands.automations import register_automations
from tests.e2e.site import wait_for
from tests.receiver import Receiver, open_receiver
from tests.stage import Stage, open_stage

TEAMS = "https://prod-1.westeurope.logic.azure.com:443/workflows/0123/triggers/manual/paths/invoke?sig=top-secret"
HEARTBEAT_S = 180  # Prefect's own, on a worker that was told nothing


@pytest.fixture(autouse=True)
def own_automations(prefect_server: None) -> Iterator[None]:
    """None before and none afterwards: all tests share one Prefect server."""
    yield
    with get_client(sync_client=True) as client:
        for automation in client.read_automations():
            client.delete_automation(automation.id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    scenario = Scenario(tenants=(f"told-{uuid4()}",), users=60)
    with open_stage(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as stage:
        yield stage


def registered() -> dict[str, Automation]:
    with get_client(sync_client=True) as client:
        return {automation.name: automation for automation in client.read_automations()}


def notifying() -> Automation:
    return registered()["activation-sync tells what needs somebody"]


def test_a_held_tenant_is_notified_once_with_its_name_and_the_remedy(stage: Stage, receiver: Receiver):
    register_automations(SecretStr(receiver.url))
    stage.configure(sync={"min_judged_rows": 1, "max_change_share": 0.0})

    assert (stage.sync().outcome, stage.sync().outcome) == (Outcome.HELD, Outcome.HELD)
    stage.configure(sync={"max_change_share": 1.0})
    stage.sync()

    wait_for(lambda: len(receiver.got) == 2)  # in the order of the events, so nothing came of the second held run
    held, over = (message["text"] for message in receiver.got)
    assert held.startswith(f"activation-sync, {stage.tenant.name}: held before any write\n")
    assert "existing rows" in held
    assert "approve with --approve " in held
    assert over.startswith(f"activation-sync, {stage.tenant.name}: held before any write: over\n")


def test_registered_again_there_is_one_of_each_and_a_paused_one_stays_paused(receiver: Receiver):
    register_automations(SecretStr(receiver.url))
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


def test_the_address_is_a_secret_that_the_server_shows_nobody(receiver: Receiver):
    register_automations(SecretStr(receiver.url))

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
