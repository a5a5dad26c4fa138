"""`sync` as a person runs it: what it says, where, and with which code it ends."""

import os
import re
import resource
import signal
import time

import pytest

from activation_sync.emulator import Fault, Scenario
from commands.support.exits import Exit
from commands.support.interrupt import INTERRUPTED
from tests.commands.conftest import terminal_of
from tests.support.sites.newcomer import are_alive, family_of, wait_for
from tests.support.sites.site import Site, open_site
from tests.support.sites.terminal import Output, Terminal

DETAIL = "getOffice365ActivationsUserDetail"
STEP_LINE = re.compile(r"  [a-z].*|")  # Prefect's own begin with the time
SOON_S = 20.0  # after Ctrl-C; the grace is 3 s, and machines are slow


@pytest.fixture
def terminal(site: Site, prefect_api: str) -> Terminal:
    """One whose flows run on the session's Prefect server."""
    terminal = terminal_of(site)
    terminal.variables = {"PREFECT_API_URL": prefect_api}
    return terminal


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where commands keep a Prefect server of their own: its tables are made once, which takes longest."""
    return str(tmp_path_factory.mktemp("prefect"))


def noise(said: Output) -> list[str]:
    """Lines on standard error that are neither a step's nor the error."""
    return [line for line in said.err.splitlines() if not STEP_LINE.fullmatch(line) and not line.startswith("error:")]


def test_a_night_as_json_keeps_its_steps_off_standard_output(site: Site, terminal: Terminal):
    said = terminal.type("sync", "--json")

    [summary] = said.json
    assert (said.code, summary["outcome"]) == (Exit.DONE, "done")
    assert summary["written"] == len(site.warehouse_rows())
    assert summary["delivery"]["acknowledged"] == len(site.patches())
    assert site.warehouse_rows() == site.graph_rows()
    for step in ("landed user-detail:", "loaded user-detail of", "plan ", "applied ", "delivered: ", "verified: "):
        assert f"  {step}" in said.err
    assert noise(said) == []


def test_a_held_run_goes_on_by_its_own_digest_and_by_no_other(site: Site, terminal: Terminal):
    site.configure(sync={"max_change_share": 0, "few_users": 0})

    planned = terminal.type("plan", "--json")
    held = terminal.type("sync")
    other = terminal.type("sync", "--approve", "0123456789ab")
    [digest] = {plan["digest"] for plan in planned.json}
    reason = terminal.type("status")
    approved = terminal.type("sync", "--approve", digest[:12])

    assert (planned.code, held.code, other.code, approved.code) == (Exit.HELD, Exit.HELD, Exit.USAGE, Exit.DONE)
    assert "held before any write" in held.err
    assert f"approve with --approve {digest[:12]}" in held.err
    assert f"begins with 0123456789ab; held were: {digest[:12]} of {site.tenant.name}" in other.everything
    assert noise(held) == []
    assert "held before any write" in reason.err
    assert site.warehouse_rows() == site.graph_rows()


def test_both_sides_moved_apart_ends_with_open_conflicts(site: Site, terminal: Terminal):
    site.sync()
    site.execute("UPDATE activation_user_count SET assigned = 1007, activated = 1005")
    site.emulator.will_answer(f"GET {DETAIL}", Fault(kind="restated"))

    said = terminal.type("sync")

    assert said.code == terminal.type("status").code == Exit.UNSETTLED
    assert re.search(r"\d+ conflicts? left open", " ".join(said.out.split()))


@pytest.mark.parametrize("scenario", [Scenario(users=60, write_back="real-service")])
def test_a_write_back_that_is_not_offered_is_said_once_and_the_rest_is_done(site: Site, terminal: Terminal):
    said = terminal.type("sync")

    assert said.code == Exit.NOT_OFFERED
    assert said.everything.count("does not offer") == 1
    assert len(site.warehouse_rows()) > 0
    assert {state for (state,) in site.query("SELECT state FROM outbox")} == {"pending"}
    assert "note contoso: write-back: this Graph does not offer" in terminal.type("check").everything


def test_a_network_that_is_gone_fails_soon_and_without_a_traceback(terminal: Terminal):
    said = terminal.type("sync", "--json", ACTIVATION_SYNC__GRAPH__AUTHORITY_ROOT="https://127.0.0.1:9")

    [summary] = said.json
    assert (said.code, summary["outcome"]) == (Exit.FAILED, "failed")
    assert "https://127.0.0.1:9 did not answer" in summary["error"]
    assert f"error: contoso: {summary['error']}" in said.err
    assert noise(said) == []


def leave_no_room() -> None:
    """No file may grow beyond this, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))


@pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)
def test_a_disk_that_fills_while_landing_leaves_no_half_a_report(tmp_path, warehouse_url, prefect_api):
    with open_site(tmp_path, warehouse_url, Scenario(users=2000), sync={"retry_delays_s": []}) as site:
        terminal = terminal_of(site)
        said = terminal.type("sync", before_start=leave_no_room, PREFECT_API_URL=prefect_api)

        assert said.code == Exit.FAILED
        assert "raise the limit on file sizes" in said.err
        assert noise(said) == []
        assert not list((tmp_path / "landing").rglob("*user-detail*/*.csv"))
        assert site.warehouse_rows() == set()


def interrupt_while_graph_keeps_it_waiting(site: Site, terminal: Terminal, *words: str) -> Output:
    """Ctrl-C as a terminal sends it, to every process of the command."""
    site.configure(graph={"longest_wait_s": 60})
    site.emulator.will_answer(f"GET {DETAIL}", Fault(429, retry_after_s=60))
    process = terminal.start(*words)
    while site.emulator.unused_faults() and process.poll() is None:
        time.sleep(0.05)  # until the other process is where it shall be interrupted
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < SOON_S
    said = Output(process.returncode, out, err)
    terminal.refuse_leaks(said)
    return said


def test_ctrl_c_ends_a_look_at_once(site: Site):
    said = interrupt_while_graph_keeps_it_waiting(site, terminal_of(site), "plan", "--json")

    assert (said.code, said.out) == (INTERRUPTED, "")
    assert said.err.strip().startswith("interrupted: ")


def test_ctrl_c_ends_a_run_soon_and_lets_the_next_one_in(site: Site, prefect_home: str):
    """With a Prefect server of the command's own."""
    terminal = terminal_of(site)
    terminal.variables = {"PREFECT_HOME": prefect_home}

    said = interrupt_while_graph_keeps_it_waiting(site, terminal, "sync")

    assert said.code == INTERRUPTED
    assert "the next run goes on from there" in said.err
    assert site.query("SELECT owner FROM tenant_lease") == [("",)]


def test_a_run_that_is_killed_leaves_no_server_behind(site: Site, prefect_home: str):
    site.emulator.will_answer(f"GET {DETAIL}", Fault(429, retry_after_s=60))
    process = terminal_of(site).start("sync", PREFECT_HOME=prefect_home)
    with process:
        while site.emulator.unused_faults() and process.poll() is None:
            time.sleep(0.05)  # until its server serves it
        family = family_of(process.pid)
        process.kill()

    assert len(family) == 2  # the run and its server
    wait_for(lambda: not are_alive(family))


def test_status_says_since_when_a_tenant_is_held_why_and_what_to_do(site: Site, terminal: Terminal):
    site.configure(sync={"max_change_share": 0, "few_users": 0})
    for _ in range(2):
        site.sync()

    said, [status] = terminal.type("status", COLUMNS="200"), terminal.type("status", "--json").json
    [(began_at,)] = site.query("SELECT min(started_at) FROM sync_run")

    assert (status["condition"], status["since"]) == ("held", str(began_at)[:10])
    assert str(began_at)[:10] in said.out
    assert "held before any write" in said.err
    assert f"sync {site.tenant.name} --approve DIGEST" in said.err
