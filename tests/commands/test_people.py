"""The commands for people: what they say, what machines read of them, and their exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault
from activation_sync.errors import ActivationSyncError, TooMuchChangeError
from commands.main import app
from commands.support.exits import Exit, exit_of_error
from tests.support.sites.site import COLUMNS, PATCH, Site, open_site

FILL_IN = f"INSERT INTO activation_user_count (tenant, {COLUMNS}) VALUES (:tenant, :day, :product, 1007, 1005, 3)"  # noqa: S608


@pytest.fixture
def site(tmp_path: Path, prefect_server: None) -> Iterator[Site]:
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        site.configure(write_back={"batch_size": 1})
        yield site


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "300"})


def read(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def refusal(*words: str) -> ActivationSyncError:
    error = run(*words).exception
    assert isinstance(error, ActivationSyncError)
    return error


def run_id(place: int = 0) -> str:
    return str(read("history")[place]["run_id"])


@pytest.mark.parametrize("command", ["conflicts", "dead-letters", "retry"])
def test_where_nothing_waits_for_a_person_a_command_says_so(site: Site, command: str):
    site.sync()

    result = run(command)

    assert (result.exit_code, read(command)) == (Exit.DONE, [])
    assert result.stdout.startswith("No ")
    assert len(read("history")) == 1


def test_conflicts_are_listed_decided_and_counted_alike(site: Site):
    products = sorted(site.emulator.detail_counts(site.tenant.tenant_id))
    for product in products:
        site.execute(FILL_IN, tenant=site.tenant.name, day=site.emulator.refreshed_on, product=product)
    assert site.sync().outcome is Outcome.UNSETTLED
    shown, result = read("conflicts"), run("conflicts")
    assert result.exit_code == Exit.UNSETTLED
    assert [conflict["product"] for conflict in shown] == products
    assert read("status")[0]["conflicts"] == len(products)
    first = shown[0]["measures"][0]
    assert (first["measure"], first["agreed"], first["warehouse"]) == ("assigned", None, 1007)
    assert first["since"]
    assert shown[0]["digest"] in result.stdout

    decided = run("resolve", products[0].lower(), "--take", "warehouse", "--approve", shown[0]["digest"])

    assert decided.exit_code == Exit.DONE
    assert f"{products[0]} of {site.emulator.refreshed_on} is settled: assigned 1007" in decided.stdout
    assert f"The next sync sends it to Graph; to send now: activation-sync sync {site.tenant.name}" in decided.stdout
    assert read("status")[0]["conflicts"] == len(read("conflicts")) == len(products) - 1
    assert exit_of_error(refusal("resolve", products[0], "--take", "observed")) is Exit.USAGE
    half = refusal("resolve", products[1], "--take", "observed", "--approve", read("conflicts")[0]["digest"][:12])
    assert exit_of_error(half) is Exit.USAGE
    moved = refusal("resolve", products[1], "--take", "observed", "--approve", "0" * 64)
    assert exit_of_error(moved) is Exit.FAILED


def test_a_dead_letter_is_shown_with_graphs_answer_and_queued_again(site: Site):
    site.emulator.will_answer(PATCH, Fault(400))
    site.sync()
    (letter,), result = read("dead-letters"), run("dead-letters")
    assert (result.exit_code, letter["status"], letter["attempts"]) == (Exit.UNSETTLED, 400, 1)
    assert letter["request_id"] in result.stdout
    assert letter["answer"]

    assert read("retry", "--product", "ANOTHER") == []
    (done,) = read("retry", "--product", letter["product"], "--date", letter["refreshed_on"])

    assert [(one["product"], one["counts"]) for one in done["queued"]] == [(letter["product"], letter["counts"])]
    assert run("dead-letters").exit_code == Exit.DONE
    site.sync()
    assert site.warehouse_rows() == site.graph_rows()


def test_history_tells_of_every_run_what_came_of_it(site: Site):
    site.configure(sync={"few_users": 0, "max_change_share": 0.0})
    site.sync()
    digest = read("history")[0]["digest"]
    site.sync(approve=digest)

    result = run("history", "--limit", "1")

    assert result.exit_code == Exit.DONE
    (applied,), both = read("history", "--limit", "1"), read("history")
    assert [(one["outcome"], one["digest"]) for one in both] == [("done", digest), ("held", digest)]
    assert applied["summary"]["approved_by"] == applied["who"]
    for word in (applied["run_id"][:8], digest[:12], applied["who"], str(site.emulator.refreshed_on)):
        assert word in result.stdout


def test_a_run_is_undone_by_the_beginning_of_its_id_after_a_look(site: Site):
    site.sync()
    before = site.warehouse_rows()
    site.emulator.will_answer("GET getOffice365ActivationsUserDetail", Fault(kind="restated"))
    site.sync()
    after, undone = site.warehouse_rows(), run_id()

    look = run("revert", undone[:8], "--dry-run")

    assert (look.exit_code, site.warehouse_rows()) == (Exit.DONE, after)
    assert "Would bring back" in look.stdout
    assert "undone" in look.stdout  # of words that a narrow table may fold
    assert "The next sync sends" in run("revert", undone[:8]).stdout
    assert site.warehouse_rows() == before
    assert read("history")[0]["kind"] == "revert"


def test_undoing_too_much_is_held_and_names_the_digest_to_approve(site: Site):
    site.sync()
    site.emulator.will_answer("GET getOffice365ActivationsUserDetail", Fault(kind="restated"))
    site.sync()
    site.configure(sync={"few_users": 0, "max_change_share": 0.0})
    undone = run_id()

    look = run("revert", undone, "--dry-run")
    held = refusal("revert", undone)

    assert look.exit_code == Exit.HELD
    assert isinstance(held, TooMuchChangeError)
    assert f"activation-sync revert {undone} --approve {held.digest}" in look.stdout
    assert read("revert", undone, "--approve", held.digest[:12])["reverted_run_id"] == undone


def test_a_run_that_nobody_knows_cannot_be_undone(site: Site):
    for _ in range(2):
        site.sync()
    assert exit_of_error(refusal("revert", "no-such-run")) is Exit.USAGE
    assert "no run begins with" in str(refusal("revert", "no-such-run"))
    assert "several runs begin with" in str(refusal("revert", ""))
