"""A warehouse restored from a backup that is days old loses nothing that can be had, and no run starts on it unseen."""

import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.runs.outcome import Outcome, RunKind
from commands.main import app
from tasks.acts.rebuild import rebuild
from tests.support.sites.backups import back_up, put_back
from tests.support.sites.ledgers import refusing_acts
from tests.support.sites.records import runs
from tests.support.sites.site import Site

TWO_DAYS_S = 2 * 86_400


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def reports(site: Site) -> list[Path]:
    return sorted((site.folder / "landing" / site.tenant.name).rglob("*.csv"))


@pytest.fixture
def restored(site: Site) -> Site:
    """A backup after the first night; then a correction that reached Graph, and three nights that are lost."""
    site.sync()
    backup = back_up(site)
    site.execute("UPDATE activation_user_count SET assigned = assigned - 2 WHERE product LIKE 'VISIO%'")
    for _ in range(3):
        site.emulator.advance(days=1)
        site.sync()
    put_back(site, backup)
    for file in reports(site):  # old enough to be dropped, were they still unknown
        written = file.stat().st_mtime - TWO_DAYS_S
        os.utime(file, (written, written))
    return site


def test_a_run_upon_an_older_backup_fails_before_it_writes_and_names_the_remedy(restored: Site):
    rows, files = restored.warehouse_rows(), reports(restored)

    summary = restored.sync()

    assert summary.outcome is Outcome.FAILED
    assert f"activation-sync restore --tenant {restored.tenant.name}" in summary.error
    assert (restored.warehouse_rows(), reports(restored)) == (rows, files)
    assert run("verify-ledger").exit_code == 1


def test_a_dry_run_says_what_a_restore_would_do_and_changes_nothing(restored: Site):
    before = restored.ending()

    look = run("restore", "--dry-run")

    assert (look.exit_code, restored.ending()) == (0, before)
    assert "Would take in 9 landed reports" in " ".join(look.stdout.split())
    assert run("verify-ledger").exit_code == 1


def test_after_a_restore_warehouse_and_graph_are_one_again_and_the_ledger_names_what_it_lost(
    restored: Site, tmp_path: Path
):
    files, [lost] = reports(restored), json.loads(run("verify-ledger", "--json").stdout)

    done = run("restore", "--json")
    [facts] = json.loads(done.stdout)

    assert (done.exit_code, facts["taken_in"], len(facts["days"]), facts["problems"]) == (0, 9, 3, [])
    assert runs(restored)[0].kind is RunKind.RESTORE
    proof = run("verify-ledger", restored.tenant.name)
    assert proof.exit_code == 0
    assert "restored from an older backup on" in proof.stdout
    assert lost["lost"]["head"]["hash"] in "".join(proof.stdout.split())
    assert rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}").is_equal
    assert "lost nothing that was noted" in " ".join(run("restore", "--dry-run").stdout.split())

    restored.emulator.advance(days=1)
    assert restored.sync().outcome is Outcome.DONE

    assert restored.warehouse_rows() == restored.graph_rows()
    assert all(file.exists() for file in files)
    assert restored.query("SELECT count(DISTINCT refreshed_on) FROM activation_user_count") == [(5,)]
    assert restored.query("SELECT count(*) FROM sync_base WHERE in_doubt") == [(0,)]


def test_a_restore_that_was_killed_is_run_again_and_comes_to_the_same_end(restored: Site):
    with refusing_acts(restored.engine, "restore"):
        assert run("restore").exit_code != 0
    assert restored.query("SELECT count(DISTINCT refreshed_on) FROM activation_user_count") == [(4,)]
    assert run("verify-ledger").exit_code == 1

    assert run("restore").exit_code == 0

    restored.emulator.advance(days=1)
    assert restored.sync().outcome is Outcome.DONE
    assert restored.warehouse_rows() == restored.graph_rows()


def test_a_landing_that_was_put_back_together_with_the_warehouse_leaves_no_row_of_graph_unsent(restored: Site):
    for note in sorted((restored.folder / "landing" / "_heads").rglob("*.json"))[1:]:
        note.unlink()
    for file in reports(restored):
        if not restored.query("SELECT 1 FROM raw_report WHERE sha256 = :sha256", sha256=file.stem):
            file.unlink()
    assert run("verify-ledger").exit_code == 0, "nothing is left that could show it"

    assert run("restore").exit_code == 0

    restored.emulator.advance(days=1)
    assert restored.sync().outcome is Outcome.DONE
    days = {day for (day,) in restored.query("SELECT DISTINCT refreshed_on FROM activation_user_count")}
    assert {row for row in restored.graph_rows() if row[0] in days} == restored.warehouse_rows()


def test_a_report_that_is_held_again_does_not_keep_the_others_back(restored: Site):
    restored.configure(sync={"few_users": 0, "max_change_share": 0.0})

    done = run("restore", "--json")
    [facts] = json.loads(done.stdout)

    assert done.exit_code == 3
    assert {day["verdict"] for day in facts["days"]} == {"held"}
    assert run("verify-ledger").exit_code == 0
    held = facts["days"][0]
    [digest] = [one.digest for one in runs(restored) if one.kind is RunKind.RESTORE]
    assert digest == held["digest"]
