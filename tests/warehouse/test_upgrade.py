"""A warehouse of November 2026, made by the code of its day, keeps its facts when today's `migrate` has upgraded it.

The file holds six refresh dates of one tenant: nights that ended in each way, a backfill of imported reports, an
approval, a conflict decided and one open, a revert, a dead letter, and a last night on which Graph refused its PATCHes.
No user has a name in it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.runs.outcome import Outcome
from commands.main import app
from commands.support.exits import Exit
from tests.support.sites.records import runs, standing
from tests.support.sites.site import Site
from tests.support.sites.upgraded import open_upgraded

LEDGER_ROWS, HEAD = 129, "16fa19e32766954150ad0476664f099e8b91cfd5ca19acc638ec040c0b046422"
REFUSED = "the write-back: Graph answered 403 (Authorization_RequestDenied"
RUNS = [  # newest first: kind, as_of, outcome, the beginning of the plan's digest, what `history` says it came to
    ("sync", "2026-11-27", "failed", "", "nothing"),
    ("revert", "2026-11-25", "done", "7e04c5eaa1f4", "2 revert, 1 written, 1 queued"),
    ("sync", "2026-11-26", "unsettled", "2f2c8d6f5d10", "3 conflict, 2 pull, 1 written, 2 queued, 2 acknowledged"),
    ("resolve", "2026-11-25", "done", "eb8830b4f66c", "3 adopt, 1 queued"),
    ("sync", "2026-11-26", "unsettled", "f0e436e3ff06", "6 conflict, 3 pull, 1 written, 1 queued, 1 acknowledged"),
    ("sync", "2026-11-25", "unsettled", "c7cd5372f128", "1 adopt, 9 pull, 3 written, 4 queued, 3 acknowledged"),
    ("sync", "2026-11-24", "done", "a77d2d2858d5", "3 written, 3 queued, 3 acknowledged; approved by someone"),
    ("sync", "2026-11-24", "held", "a77d2d2858d5", "nothing"),
    ("backfill", "2026-11-25", "done", "", "6 written, 6 queued, 6 acknowledged"),
    ("sync", "2026-11-23", "nothing-new", "e1f5883c1998", "report of 2026-11-21: nothing"),
    ("sync", "2026-11-23", "done", "8726bba22482", "9 pull, 3 written, 3 queued, 3 acknowledged"),
]
RESOLVED = [  # how Project Client's assigned users of 24 November were settled: kind, decision, value
    ("decision", "conflict", 37),
    ("person", "resolve", None),
    ("decision", "adopt", 37),
    ("decision", "keep", 37),
    ("sent", None, None),
    ("answer", "acknowledged", None),
]


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The warehouse after `migrate`, for tests that only look."""
    with open_upgraded(tmp_path_factory.mktemp("upgraded")) as site:
        assert run("migrate").exit_code == Exit.DONE
        yield site


@pytest.fixture
def running(prefect_server: None, tmp_path: Path) -> Iterator[Site]:
    """The same for a test that runs the next night."""
    with open_upgraded(tmp_path) as site:
        yield site


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "300"})


def read(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def test_status_shows_how_the_last_night_failed_and_what_it_left_open(upgraded: Site):
    [facts] = read("status")

    assert (facts["condition"], facts["since"], facts["newest_refreshed_on"]) == ("failed", "2026-11-25", "2026-11-25")
    assert [facts[open_end] for open_end in ("pending", "in_doubt", "conflicts", "dead", "restated")] == [3, 1, 1, 1, 1]
    assert facts["why"].startswith(REFUSED)
    assert (facts["last_run"]["outcome"], facts["last_run"]["who"]) == ("failed", "someone")


def test_history_shows_every_run_with_its_plan_and_what_it_came_to(upgraded: Site):
    shown, lines = read("history"), [line for line in run("history").stdout.splitlines() if "by someone" in line]

    assert [(one["kind"], one["as_of"], one["outcome"], one["digest"][:12]) for one in shown] == [
        made[:-1] for made in RUNS
    ]
    assert [came_to for *_, came_to in RUNS if not any(came_to in line for line in lines)] == []
    assert all(came_to in line for line, (*_, came_to) in zip(lines, RUNS, strict=True))


def test_the_open_conflict_has_every_side_and_the_digest_that_people_noted(upgraded: Site):
    [conflict] = read("conflicts")

    assert (conflict["product"], conflict["refreshed_on"]) == ("VISIO PRO FOR OFFICE 365", "2026-11-24")
    assert conflict["digest"].startswith("a7ea2b03c189")
    sides = [(one["agreed"], one["observed"], one["warehouse"], one["published"]) for one in conflict["measures"]]
    assert sides == [(None, 15, 37, 13), (None, 6, 25, 6), (None, 1, 3, 1)]


def test_the_dead_letter_has_its_values_and_graphs_answer(upgraded: Site):
    [letter] = read("dead-letters")

    assert (letter["product"], letter["refreshed_on"]) == ("PROJECT CLIENT", "2026-11-22")
    assert list(letter["counts"].values()) == [5, 3, 0]
    assert (letter["status"], letter["attempts"], letter["answer"]) == (
        400,
        1,
        "Graph answered 400 (BadRequest: The request failed.)",
    )


def test_why_tells_how_a_conflict_was_found_decided_sent_and_acknowledged(upgraded: Site):
    chain = read("why", "Project Client", "--date", "2026-11-24")

    assert [
        (link["kind"], link["rule"], link["settled"]) for link in chain if link["measure"] in (None, "assigned")
    ] == RESOLVED


def test_the_ledger_is_proved_to_the_head_that_was_noted_then(upgraded: Site):
    [proof] = read("verify-ledger", "--head", HEAD)

    assert (proof["rows"], proof["head"], proof["broken"]) == (LEDGER_ROWS, HEAD, None)


def test_the_next_night_sends_what_was_pending_and_leaves_what_waits_for_a_person(running: Site):
    summary = running.sync()

    assert (summary.outcome, summary.error) == (Outcome.UNSETTLED, "")
    now = standing(running)
    assert (now.pending, now.in_doubt, now.conflicts, now.dead) == (0, 0, 1, 1)
    assert [one.outcome for one in runs(running)[1:]] == [outcome for _, _, outcome, *_ in RUNS]
    [proof] = read("verify-ledger", "--head", HEAD)
    assert proof["rows"] > LEDGER_ROWS
    assert (proof["broken"], proof["has_given_head"]) == (None, True)
