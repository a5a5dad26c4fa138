"""Commands that only look: for machines on standard output, for people at any width, in any terminal."""

import json
import re
import signal
import tomllib

import pytest

from commands.support.exits import Exit
from tests.support.sites.site import Site
from tests.support.sites.terminal import Terminal

PRODUCT = "Visio Pro  for Office 365"
LOOKS = (
    ["check"],
    ["plan"],
    ["status"],
    ["history"],
    ["why", PRODUCT],
    ["conflicts"],
    ["dead-letters"],
    ["verify-ledger"],
)
COLOUR = re.compile(r"\x1b\[[0-9;]*(?<![0-9])[349][0-7]m")


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_json_is_all_there_is_on_standard_output(looking: Terminal, words: list[str]):
    said = looking.type(*words, "--json")

    assert said.code == Exit.DONE, said.everything
    assert isinstance(said.json, list)
    assert said.err == ""


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_nothing_is_cut_off_at_80_columns(looking: Terminal, words: list[str]):
    said = looking.type(*words)

    assert (said.code, said.err) == (Exit.DONE, "")
    assert "…" not in said.out
    assert [line for line in said.out.splitlines() if line.startswith(" ") and len(line) > 80] == []  # of tables


def test_a_script_reads_from_status_what_a_person_sees(looking: Terminal, after_a_night: Site):
    [status] = looking.type("status", "--json").json
    shown = " ".join(looking.type("status", COLUMNS="200").out.split())

    assert status["newest_refreshed_on"] == str(after_a_night.emulator.refreshed_on)
    assert f"{status['newest_refreshed_on']}, {status['report_age_days']} days old" in shown
    assert f"about {status['quota_left']} of {status['quota']}" in shown
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", status["last_run"]["started_at"])


def test_why_leads_from_the_landed_report_to_graphs_answer(looking: Terminal, after_a_night: Site):
    chain = looking.type("why", PRODUCT, "--json").json
    shown = looking.type("why", PRODUCT).out

    [answer] = [link for link in chain if link["kind"] == "answer"]
    held = {row[1]: row[2] for row in after_a_night.graph_rows()}
    assert {link["settled"] for link in chain if link["measure"] == "assigned"} == {held["VISIO PRO FOR OFFICE 365"]}
    assert answer["request_id"] in shown
    for landed_id in {chain[0]["observed_id"], chain[0]["published_id"]}:
        assert f"landed report {landed_id}\n" in shown
        assert (after_a_night.folder / "landing" / f"{landed_id}").parent.is_dir()


def test_why_of_an_unknown_product_says_so_on_standard_error(looking: Terminal):
    said = looking.type("why", "Offic", "--json")

    assert (said.code, said.json) == (Exit.FAILED, [])
    assert "no decision about OFFIC" in said.err


def test_colours_come_only_where_they_are_wanted(looking: Terminal):
    piped = looking.type("check").out
    forced = looking.type("check", FORCE_COLOR="1").out
    refused = looking.type("check", FORCE_COLOR="1", NO_COLOR="1").out

    assert "\x1b" not in piped
    assert COLOUR.search(forced)
    assert not COLOUR.search(refused)


def test_a_terminal_without_box_characters_still_gets_its_tables(looking: Terminal):
    said = looking.type("plan", PYTHONIOENCODING="ascii", LC_ALL="C")

    assert said.code == Exit.DONE
    assert said.out.isascii()


def test_looking_changes_nothing(looking: Terminal, after_a_night: Site):
    before, sent = after_a_night.ending(), len(after_a_night.patches())

    for words in LOOKS:
        looking.type(*words)

    assert after_a_night.ending() == before
    assert len(after_a_night.patches()) == sent


def test_emulate_prints_a_configuration_that_can_be_pasted(tmp_path):
    process = Terminal(tmp_path).start("emulate", "--port", "0", "--download-port", "0", "--tenants", "2")
    assert process.stdout
    said = ""
    while said.count("# ") < 2:
        said += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    pasted = tomllib.loads(said[said.index("[graph]") :])
    assert [tenant["name"] for tenant in pasted["tenants"]] == ["contoso", "fabrikam"]


def test_emulate_prints_how_to_connect_and_ends_at_ctrl_c(tmp_path):
    process = Terminal(tmp_path).start("emulate", "--port", "0", "--download-port", "0", "--json")
    assert process.stdout
    how = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (Exit.DONE, "", "")
    assert how["graph_root"].startswith("https://127.0.0.1:")
    assert (tmp_path / how["ca_file"]).exists()
