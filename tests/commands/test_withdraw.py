"""`withdraw`: what it says before and after, what machines read, and its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.model import Report
from activation_sync.errors import ChoiceError, HeldError
from commands.main import app
from commands.support.exits import Exit, exit_of_error
from tests.support.sites.offline_site import APPS, VISIO, OfflineSite, counts_csv, day, detail_csv, open_offline_site

DAY = day(0)
WITHDRAW = ("withdraw", "--date", str(DAY), "--reason", "another tenant's file")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OfflineSite]:
    """A date as Graph gave it, then a wrong file imported over it."""
    with open_offline_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        site.land((Report.USER_COUNTS, counts_csv(DAY, {APPS: 5})), (Report.USER_DETAIL, detail_csv(DAY, {APPS: 5})))
        site.backfill(DAY, DAY)
        run("import", str(site.file("wrong.csv", detail_csv(DAY, {APPS: 7, VISIO: 3}))))
        site.run_id = "run 2"
        site.backfill(DAY, DAY)
        yield site


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "300"})


def assigned(site: OfflineSite) -> dict[str, int]:
    return dict(site.query("SELECT product, assigned FROM activation_user_count"))


def test_a_look_says_what_would_change_and_changes_nothing(site: OfflineSite):
    before = site.dump()

    said = run(*WITHDRAW, "--dry-run")

    assert said.exit_code == Exit.DONE
    assert f"Would withdraw: user-detail of {DAY} from import" in said.stdout
    assert "7 -> 5" in said.stdout
    assert "1 row back to what stood before, 1 row out of the table" in said.stdout
    assert site.dump() == before


def test_it_is_done_and_why_and_history_say_for_what_reason(site: OfflineSite):
    said = run(*WITHDRAW)

    assert (said.exit_code, said.exception) == (Exit.DONE, None)
    assert f"Withdrawn: user-detail of {DAY} from import" in said.stdout
    assert assigned(site) == {APPS: 5}
    assert "another tenant's file" in run("why", APPS).stdout
    history = run("history").stdout
    assert all(word in history for word in ("withdraw:", "another", "tenant's"))  # the cell is folded at 80 columns


def test_machines_get_the_rows(site: OfflineSite):
    said = json.loads(run(*WITHDRAW, "--json").stdout)

    assert said["left_the_table"] == [{"refreshed_on": str(DAY), "product": VISIO}]
    assert (said["cannot_be_unsent"], said["stays_corrected"]) == ([], [])
    assert [landed_id.split("/")[1] for landed_id in said["reports"]] == ["user-detail"]


def test_another_file_of_the_same_date_is_the_way_on(site: OfflineSite):
    run(*WITHDRAW)

    said = run("import", str(site.file("wrong again.csv", detail_csv(DAY, {APPS: 7, VISIO: 3}))))

    assert "imported" in said.stdout
    assert assigned(site) == {APPS: 5}


def test_too_much_is_held_and_a_look_names_the_digest(tmp_path: Path, site: OfflineSite):
    config = site.folder / "activation-sync.toml"
    strict = config.read_text().replace("[sync]\n", "[sync]\nfew_users = 0\nmax_change_share = 0.0\n")
    config.write_text(strict)

    look = run("--config", str(config), *WITHDRAW, "--dry-run")
    held = run("--config", str(config), *WITHDRAW).exception

    assert look.exit_code == Exit.HELD
    assert isinstance(held, HeldError)
    assert f"--approve {held.digest}" in look.stdout
    assert run("--config", str(config), *WITHDRAW, "--approve", held.digest[:12]).exit_code == Exit.DONE


def test_a_date_of_which_nothing_is_in_force_is_usage(site: OfflineSite):
    error = run("withdraw", "--date", "2026-02-01", "--reason", "wrong").exception

    assert isinstance(error, ChoiceError)
    assert exit_of_error(error) is Exit.USAGE
