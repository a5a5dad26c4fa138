"""A night of several tenants: each gets its turn, once."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import State

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault, Scenario
from flows.endings import fared_in
from tests.support.events import heard_of
from tests.support.sites.site import Site, open_site

DETAIL = "GET getOffice365ActivationsUserDetail"
TENANTS = ("contoso", "fabrikam", "tailspin")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    scenario = Scenario(tenants=TENANTS, users=60)
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        yield site


def night(**parameters: Any) -> State[Any]:
    from flows.nightly import nightly

    return nightly(**parameters, return_state=True)


def outcomes(state: State[Any]) -> dict[str, Outcome]:
    return {summary.tenant: summary.outcome for summary in fared_in(state)}


def agree(site: Site, *names: str) -> bool:
    return all(
        site.warehouse_rows(tenant.name) == site.graph_rows(tenant) != set()
        for tenant in site.emulator.tenants
        if tenant.name in names
    )


def test_every_tenant_is_reconciled_in_one_flow_run(site: Site):
    state = night()

    assert (state.name, outcomes(state)) == ("Completed", dict.fromkeys(TENANTS, Outcome.DONE))
    assert agree(site, *TENANTS)
    assert len({run_id[:8] for (run_id,) in site.query("SELECT run_id FROM sync_run")}) == len(TENANTS)


def test_a_scheduled_run_whose_night_is_done_asks_graph_nothing(site: Site):
    night(unless_done=True)
    served = len(site.emulator.journal())

    state = night(unless_done=True)

    assert (state.name, set(outcomes(state).values())) == ("AlreadyDone", {Outcome.ALREADY_DONE})
    assert state.is_completed()
    assert len(site.emulator.journal()) == served


def test_a_run_by_hand_works_although_the_night_is_done(site: Site):
    night()
    served = len(site.emulator.journal())

    state = night()

    assert state.name == "NoNewReport"
    assert len(site.emulator.journal()) > served


def test_one_tenants_refusal_is_its_own_and_the_next_run_mends_it_alone(site: Site, caplog: pytest.LogCaptureFixture):
    site.emulator.will_answer(DETAIL, Fault(status=403), tenant="contoso")

    state = night(unless_done=True)

    lines = [line for line in caplog.records if line.name.startswith("prefect") and line.levelno >= logging.INFO]
    assert [line for line in lines if line.exc_info] == []
    assert [sum(line.getMessage().startswith(f"{tenant}: ") for line in lines) for tenant in TENANTS] == [1, 1, 1]
    assert state.is_failed()
    assert outcomes(state) == {"contoso": Outcome.FAILED, "fabrikam": Outcome.DONE, "tailspin": Outcome.DONE}
    assert "contoso: " in (state.message or "")
    assert agree(site, "fabrikam", "tailspin")

    again = night(unless_done=True)

    assert again.name == "Completed"
    assert outcomes(again) == {
        "contoso": Outcome.DONE,
        "fabrikam": Outcome.ALREADY_DONE,
        "tailspin": Outcome.ALREADY_DONE,
    }
    assert agree(site, *TENANTS)


def test_a_held_tenant_names_the_night_and_stops_no_other(site: Site):
    night(tenants=["contoso"])
    site.emulator.advance(days=1)
    site.emulator.will_answer(DETAIL, Fault(kind="header-only"), tenant="contoso")

    state = night()

    assert (state.name, state.is_failed()) == ("Held", True)
    assert outcomes(state) == {"contoso": Outcome.HELD, "fabrikam": Outcome.DONE, "tailspin": Outcome.DONE}


def test_a_run_of_the_far_future_does_not_silence_the_nights_until_then(site: Site):
    site.sync(as_of=site.emulator.today + timedelta(days=400))

    assert outcomes(night(tenants=["contoso"], unless_done=True)) == {"contoso": Outcome.NOTHING_NEW}


def test_a_tenant_that_is_not_configured_fails_the_run_before_anything_is_done(site: Site):
    state = night(tenants=["contoso", "contosso"])

    assert state.is_failed()
    assert site.emulator.journal() == ()


def test_who_graph_throttles_for_long_comes_again_behind_the_others(site: Site):
    site.configure(graph={"longest_wait_s": 0.5})
    site.emulator.will_answer(DETAIL, Fault(429, retry_after_s=2), tenant="contoso")

    state = night()

    assert outcomes(state) == dict.fromkeys(TENANTS, Outcome.DONE)
    ended = site.query("SELECT tenant FROM sync_run ORDER BY ended_at")
    assert ended == [("fabrikam",), ("tailspin",), ("contoso",)]
    assert agree(site, *TENANTS)


def test_who_graph_throttles_for_hours_keeps_nobody_waiting_and_its_night_is_not_done(site: Site):
    site.emulator.will_answer(DETAIL, Fault(429, retry_after_s=3 * 3600), tenant="contoso")

    state = night(unless_done=True)

    assert (state.name, state.is_failed()) == ("PutOff", False)
    assert outcomes(state) == {"contoso": Outcome.PUT_OFF, "fabrikam": Outcome.DONE, "tailspin": Outcome.DONE}
    assert site.query("SELECT outcome FROM sync_run WHERE tenant = 'contoso'") == [("put-off",)]

    site.emulator.advance(seconds=3 * 3600)

    assert outcomes(night(unless_done=True))["contoso"] is Outcome.DONE


def long_ago(site: Site) -> None:
    """Whatever ran, ran on an earlier day."""
    site.execute("UPDATE sync_run SET started_at = '2026-01-01T01:30:00.000000Z'")


def test_a_night_with_trouble_that_is_known_is_no_red_run_and_hides_no_new_trouble(site: Site):
    site.emulator.will_answer(DETAIL, Fault(status=403), tenant="contoso")
    assert night(unless_done=True).name == "Failed"
    long_ago(site)

    site.emulator.will_answer(DETAIL, Fault(status=403), tenant="contoso")
    again = night(unless_done=True)

    assert (again.name, again.is_completed()) == ("StillFailed", True)
    assert outcomes(again)["contoso"] is Outcome.FAILED
    assert "contoso, as before: " in (again.message or "")

    long_ago(site)
    for tenant in ("contoso", "fabrikam"):
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant=tenant)
    worse = night()

    assert (worse.name, worse.is_failed()) == ("Failed", True)
    assert (worse.message or "").index("fabrikam: ") < (worse.message or "").index("contoso, as before: ")


def test_a_malformed_tenant_fails_every_night_with_its_mistake_and_the_others_run(site: Site):
    name = f"malformed-{uuid4()}"
    file = site.folder / "activation-sync.toml"
    file.write_text(f"{file.read_text()}[[tenants]]\nname = '{name}'\ntenant_id = 'x.example'\n", encoding="utf-8")

    states = [night(unless_done=True), night(unless_done=True)]

    for state in states:
        assert outcomes(state)[name] is Outcome.FAILED
        assert f"tenants[3].client_id (tenant {name}): is missing" in (state.message or "")
    assert agree(site, *TENANTS)
    recorded = site.query("SELECT outcome FROM sync_run WHERE tenant = :name", name=name)
    assert recorded == [("failed",), ("failed",)]
    assert [event["event"] for event in heard_of(f"activation-sync.tenant.{name}")] == ["activation-sync.failed"]


def failing_for_nights(site: Site) -> None:
    """Contoso was refused on each of the last three nights, Fabrikam was not."""
    for days in (3, 2, 1):
        site.emulator.will_answer(DETAIL, Fault(status=403), tenant="contoso")
        for tenant in ("contoso", "fabrikam"):
            site.sync(tenant, as_of=datetime.now(UTC).date() - timedelta(days=days))


def test_who_fails_for_three_nights_is_left_out_and_named(site: Site):
    failing_for_nights(site)
    served = len(site.emulator.journal())

    state = night(unless_done=True, tenants=["contoso"])

    assert (state.name, outcomes(state)) == ("Quarantined", {"contoso": Outcome.QUARANTINED})
    assert "left out from" in (state.message or "")
    assert len(site.emulator.journal()) == served


def test_of_a_quarantine_people_are_told_when_it_begins_and_when_it_is_over_and_not_in_between(site: Site):
    failing_for_nights(site)
    before = quarantine_events()

    for _ in range(2):
        night(unless_done=True, tenants=["contoso"])
    begun = quarantine_events() - before
    night(tenants=["contoso"])
    over = quarantine_events() - before - begun

    assert [name for name, _ in begun] == ["activation-sync.quarantined"]
    assert [name for name, _ in over] == ["activation-sync.quarantined.over"]


def quarantine_events() -> set[tuple[str, str]]:
    """Name and id: other tests have a tenant of this name, too."""
    heard = heard_of("activation-sync.tenant.contoso")
    return {(event["event"], event["id"]) for event in heard if "quarantined" in event["event"]}


def test_a_run_by_name_works_in_quarantine_and_a_good_one_lifts_it(site: Site):
    failing_for_nights(site)

    assert outcomes(night(tenants=["contoso"])) == {"contoso": Outcome.DONE}
    assert outcomes(night())["contoso"] is Outcome.NOTHING_NEW
