"""`correct`, and what `why` and `history` say of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.model import Report
from activation_sync.errors import ChoiceError
from commands.main import app
from commands.support.exits import Exit, exit_of_error
from tests.support.sites.offline_site import APPS, OfflineSite, counts_csv, day, detail_csv, open_offline_site

DAY = day(0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OfflineSite]:
    with open_offline_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        reported(site, 5)
        yield site


def reported(site: OfflineSite, users: int) -> None:
    site.land(
        (Report.USER_COUNTS, counts_csv(DAY, {APPS: users})),
        (Report.USER_DETAIL, detail_csv(DAY, {APPS: users})),
    )
    site.backfill(DAY, DAY)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "300"})


def test_it_says_before_and_after_and_that_the_update_waits(site: OfflineSite):
    said = run("correct", APPS.lower(), "--assigned", "87", "--reason", "licence audit")

    assert (said.exit_code, said.exception) == (Exit.DONE, None)
    assert f"contoso: {APPS} of {DAY} is corrected: assigned 5 -> 87." in said.stdout
    assert "1 update waits in the outbox: write-back is off" in said.stdout


def test_machines_get_numbers(site: OfflineSite):
    said = json.loads(run("correct", APPS, "--shared", "1", "--date", str(DAY), "--reason", "audit", "--json").stdout)

    assert said["before"] == {"assigned": 5, "activated": 1, "shared_computer_activation": 0}
    assert said["after"] == {"assigned": 5, "activated": 1, "shared_computer_activation": 1}
    assert (said["refreshed_on"], said["is_queued"], said["in_conflict"]) == (str(DAY), True, [])


def test_why_and_history_name_the_person_and_the_reason(site: OfflineSite):
    run("correct", APPS, "--assigned", "87", "--reason", "licence [audit]")
    reported(site, 6)

    why, history = run("why", APPS).stdout, run("history").stdout

    who = site.query("SELECT who FROM ledger WHERE kind = 'person'")[0][0]
    assert f"corrected by {who}: licence [audit]" in why
    assert f"assigned 87: corrected by {who} on " in why
    assert ": licence [audit]; the report has moved since 5 -> 6" in why
    assert all(word in history for word in ("correct:", "licence", "[audit]"))  # the cell is folded at 80 columns


def test_what_is_asked_for_wrongly_is_usage(site: OfflineSite):
    for words in (
        ["--reason", "audit"],
        ["--assigned", "-1", "--reason", "audit"],
        ["--assigned", "1", "--reason", ""],
    ):
        error = run("correct", APPS, *words).exception
        assert isinstance(error, ChoiceError)
        assert exit_of_error(error) is Exit.USAGE
