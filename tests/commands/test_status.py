"""`status` counts all tenants in one line, shows the worst first, and its exit code says whether somebody is needed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from activation_sync.core.model import Report
from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.core.stamp import Stamp
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.runs.runs import record_run, record_run_started
from commands.main import app
from commands.support.exits import Exit
from tests.commands.test_check import MALFORMED
from tests.support.sites.offline_site import TENANT, OfflineSite, counts_csv, detail_csv, open_offline_site

GUID = "00000000-0000-4000-8000-00000000001"
NAMES = (TENANT, "fabrikam", "litware")
NOW = datetime.now(UTC)
RAN_AT = NOW - timedelta(hours=1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[OfflineSite]:
    with open_offline_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}") as site:
        add(site, *(entry(name, number) for number, name in enumerate(NAMES[1:])))
        yield site


def entry(name: str, number: int) -> str:
    return (
        f"[[tenants]]\nname = '{name}'\ntenant_id = '{GUID}{number}'\nclient_id = '{GUID}{number}'\n"
        "client_secret = 'file:secret'\n"
    )


def add(site: OfflineSite, *entries: str) -> None:
    file = site.folder / "activation-sync.toml"
    file.write_text(file.read_text(encoding="utf-8") + "".join(entries), encoding="utf-8")


def ran(site: OfflineSite, **outcomes: Outcome) -> None:
    """Each of these tenants has had a run that ended so."""
    with writing(site.engine) as connection:
        for name, outcome in outcomes.items():
            plan = PlanView(name, observed_on=(NOW - timedelta(days=2)).date())
            error = "no way in" if outcome.fails_flow else ""
            record_run_started(connection, name, NOW.date(), Stamp(f"run {name}", "someone", RAN_AT))
            record_run(connection, RunSummary(plan, f"run {name}", NOW.date(), outcome, error=error), at=NOW)


def status(*words: str) -> Result:
    return CliRunner().invoke(app, ["status", *words], env={"COLUMNS": "200"})


def shown(said: Result) -> list[str]:
    """The tenants in the order of the table."""
    return [name for line in said.stdout.splitlines() for name in (*NAMES, "tailspin") if line.startswith(f" {name} ")]


def test_an_empty_warehouse_is_called_empty_and_needs_nobody(site: OfflineSite):
    said = status()

    assert said.stdout.startswith("the warehouse is empty: ")
    assert said.exit_code == Exit.DONE
    assert status("fabrikam").stdout.startswith("fabrikam: nothing has been reconciled yet; ")


def test_the_worst_comes_first_and_one_line_counts_them_all(site: OfflineSite):
    ran(site, contoso=Outcome.DONE, fabrikam=Outcome.FAILED, litware=Outcome.HELD)

    said = status()

    assert shown(said) == ["fabrikam", "litware", "contoso"]
    assert said.stdout.splitlines()[-1] == "3 tenants: 1 failed, 1 held, 1 fine."
    assert "fabrikam: no way in" in said.stderr
    assert said.exit_code == Exit.FAILED


def test_open_shows_only_who_needs_somebody(site: OfflineSite):
    ran(site, contoso=Outcome.DONE, fabrikam=Outcome.HELD)

    said = status("--open")

    assert (shown(said), said.exit_code) == (["fabrikam"], Exit.HELD)
    assert [one["tenant"] for one in json.loads(status("--open", "--json").stdout)] == ["fabrikam"]
    assert said.stdout.splitlines()[-1] == "3 tenants: 1 held, 1 never-run, 1 fine."


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.DONE, Exit.DONE),
        (Outcome.NOTHING_NEW, Exit.DONE),
        (Outcome.PUT_OFF, Exit.DONE),
        (Outcome.FAILED, Exit.FAILED),
        (Outcome.HELD, Exit.HELD),
        (Outcome.UNSETTLED, Exit.UNSETTLED),
        (Outcome.NOT_OFFERED, Exit.NOT_OFFERED),
    ],
)
def test_the_exit_code_is_that_of_the_most_urgent_tenant(site: OfflineSite, outcome: Outcome, code: Exit):
    ran(site, contoso=Outcome.DONE, fabrikam=outcome)

    assert status().exit_code == code
    assert status(TENANT).exit_code == Exit.DONE


def test_every_condition_has_a_code_of_the_table_and_what_needs_nothing_has_none():
    for condition in Condition:
        assert (Exit(condition.exit_code) is Exit.DONE) == (
            not condition.remedy or condition.remedy.startswith("nothing") or condition is Condition.NOT_RUN
        )


def test_a_malformed_tenant_is_failed_with_its_mistake_and_the_others_are_shown(site: OfflineSite):
    add(site, MALFORMED)
    ran(site, contoso=Outcome.DONE, tailspin=Outcome.DONE)

    said = status()

    assert shown(said)[0] == "tailspin"
    assert "tailspin: tenants[3].client_id (tenant tailspin): the value is not a GUID" in said.stderr
    assert said.exit_code == Exit.FAILED
    assert status(TENANT).exit_code == Exit.DONE


def test_pending_rows_are_explained_by_products_and_dates(site: OfflineSite):
    days = [(NOW - timedelta(days=days)).date() for days in (9, 8)]
    users = {"APPS": 4, "VISIO": 3, "PROJECT": 2}
    for on in days:
        fewer = {product: count - 1 for product, count in users.items()}
        site.land((Report.USER_DETAIL, detail_csv(on, users)), (Report.USER_COUNTS, counts_csv(on, fewer)))
    site.backfill(*days)
    ran(site, contoso=Outcome.DONE)

    assert "6 pending (3 products on 2 refresh dates)" in status(TENANT).stdout
