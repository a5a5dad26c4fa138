"""What `activation-sync report` writes, and what it refuses to."""

import csv
import io
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
from sqlalchemy import Engine

from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.schema import migrate
from commands.main import main
from config.sources import use_file
from tests.support.sites.history import (
    APPS,
    HOSTILE_PRODUCTS,
    HOSTILE_USERS,
    NEWEST,
    TENANT,
    VISIO,
    History,
    activated,
    assigned,
    write_history,
)
from tests.support.sites.secret_files import write_secret

TENANT_TOML = """
[[tenants]]
name = "{name}"
tenant_id = "00000000-0000-0000-0000-00000000000{nth}"
client_id = "11111111-1111-1111-1111-111111111111"
client_secret = "file:secret"
"""
Command = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path, own_configuration: None) -> Path:
    """A configured folder with an empty warehouse."""
    write_secret(tmp_path / "secret", "x")
    configure(tmp_path)
    migrate(warehouse(tmp_path))
    return tmp_path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Runs the command as a shell would; returns its exit code."""

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["activation-sync", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def configure(home: Path, *tenants: str, sync: str = "") -> None:
    file = home / "activation-sync.toml"
    named = "".join(TENANT_TOML.format(name=name, nth=nth) for nth, name in enumerate(tenants or (TENANT,)))
    file.write_text(f'[warehouse]\nurl = "sqlite:///warehouse.db"\n[sync]\n{sync}\n{named}', encoding="utf-8")
    use_file(file)


def warehouse(home: Path) -> Engine:
    return open_engine(f"sqlite:///{home / 'warehouse.db'}")


def remember(home: Path, *pasts: History) -> None:
    with warehouse(home).begin() as conn:
        for past in pasts or (History(),):
            write_history(conn, past)


def lines(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


def test_the_page_of_an_empty_warehouse_says_so_and_what_to_do(home, command, capsys):
    assert command("report", "--out", home / "page.html") == 0
    assert f"Nothing is in the warehouse for {TENANT} yet" in (home / "page.html").read_text(encoding="utf-8")
    assert "activation-sync sync" in capsys.readouterr().out


def test_without_a_migrated_warehouse_the_command_that_migrates_is_named(home, command, capsys):
    (home / "warehouse.db").unlink()
    configure(home)
    assert command("report", "--out", home / "page.html") == 1
    assert "activation-sync migrate" in capsys.readouterr().err


def test_the_page_names_no_user_unless_asked_to(home, command):
    remember(home)
    assert command("report", "--out", home / "page.html") == 0
    page = (home / "page.html").read_text(encoding="utf-8")
    assert "@contoso.example" not in page
    assert "never activated" in page


def test_a_page_with_names_is_its_owners_alone(home, command):
    remember(home)
    assert command("report", "--names", "--out", home / "page.html") == 0
    assert "user0@contoso.example" in (home / "page.html").read_text(encoding="utf-8")
    assert stat.S_IMODE((home / "page.html").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("users", "sync", "reason"),
    [
        ({"user@contoso.example": False}, 'names = "drop"', "names are not kept here"),
        ({"0123456789ABCDEF0123456789ABCDEF": False}, "", "Microsoft Graph conceals names"),
    ],
)
def test_names_that_are_not_to_be_known_are_not_listed_and_the_page_says_why(home, command, users, sync, reason):
    remember(home, History(users=users))
    configure(home, sync=sync)
    assert command("report", "--names", "--out", home / "page.html") == 0
    page = (home / "page.html").read_text(encoding="utf-8")
    assert reason in page
    assert not any(user in page for user in users)


def test_several_tenants_share_a_page_and_an_empty_one_is_named(home, command, capsys):
    remember(home)
    configure(home, TENANT, "fabrikam")
    assert command("report", "--out", home / "page.html") == 0
    page = (home / "page.html").read_text(encoding="utf-8")
    assert ('href="#contoso"' in page, 'href="#fabrikam"' in page) == (True, True)
    assert "Nothing is in the warehouse yet for fabrikam" in " ".join(capsys.readouterr().out.split())


def test_month_ends_are_written_for_each_tenant_month_and_product(home, command, capsys):
    remember(home, History(), History(tenant="fabrikam", products=(APPS, VISIO)))
    configure(home, TENANT, "fabrikam")
    assert command("report", "--csv", home / "months.csv") == 0
    found = lines(home / "months.csv")
    assert {(line["tenant"], line["month"]) for line in found} == {
        (tenant, month) for tenant in (TENANT, "fabrikam") for month in ("2026-09", "2026-10", "2026-11")
    }
    newest = next(line for line in found if line["month"] == "2026-11" and line["product"] == APPS)
    assert (newest["refreshed_on"], newest["days_before_month_end"]) == (str(NEWEST), "11")
    assert (int(newest["assigned"]), int(newest["activated"])) == (assigned(0, 59), activated(0, 59))
    assert not Path("activation-report.html").exists()


def test_one_month_of_one_tenant_is_what_was_asked_for(home, command):
    remember(home, History(), History(tenant="fabrikam", products=(APPS, VISIO)))
    configure(home, TENANT, "fabrikam")
    assert command("report", "fabrikam", "--csv", home / "months.csv", "--month", "2026-10") == 0
    found = lines(home / "months.csv")
    assert [(line["tenant"], line["product"]) for line in found] == [("fabrikam", APPS), ("fabrikam", VISIO)]
    assert {(line["refreshed_on"], line["days_before_month_end"]) for line in found} == {("2026-10-31", "0")}


def test_formulas_in_names_are_text_in_the_file(home, command):
    remember(home)
    assert command("report", "--csv", home / "months.csv", "--month", "2026-11") == 0
    assert f"'{HOSTILE_PRODUCTS[2]}" in {line["product"] for line in lines(home / "months.csv")}


def test_parquet_holds_the_same_rows_with_types(home, command):
    remember(home)
    assert command("report", "--csv", home / "months.csv", "--parquet", home / "months.parquet") == 0
    table = pyarrow.parquet.read_table(home / "months.parquet")
    assert [str(assigned) for assigned in table["assigned"].to_pylist()] == [
        line["assigned"] for line in lines(home / "months.csv")
    ]
    kinds = {name: str(table.schema.field(name).type) for name in ("refreshed_on", "assigned", "updated_at", "product")}
    assert kinds == {
        "refreshed_on": "date32[day]",
        "assigned": "int64",
        "updated_at": "timestamp[us, tz=UTC]",
        "product": "string",
    }


def test_an_empty_warehouse_gives_files_with_columns_and_no_rows(home, command, capsys):
    assert command("report", "--csv", home / "months.csv", "--parquet", home / "months.parquet") == 0
    assert lines(home / "months.csv") == []
    assert pyarrow.parquet.read_table(home / "months.parquet").num_columns == 13
    assert "none in the warehouse" in " ".join(capsys.readouterr().out.split())


def test_without_pyarrow_the_remedy_is_named(home, command, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert command("report", "--parquet", home / "months.parquet") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert 'pip install -e ".[parquet]"' in said
    assert not (home / "months.parquet").exists()


@pytest.mark.parametrize(
    "options",
    [("--month", "2026-13", "--csv", "x.csv"), ("--month", "November", "--csv", "x.csv"), ("--month", "2026-11")],
)
def test_a_month_that_is_none_or_for_nothing_is_refused(home, command, options):
    assert command("report", *options) == 2


def test_a_file_that_cannot_be_written_is_named(home, command, capsys):
    assert command("report", "--out", home / "no" / "such" / "page.html") == 2
    assert "cannot write" in capsys.readouterr().err


def test_hostile_names_stay_text_in_the_page(home, command):
    remember(home)
    command("report", "--names", "--out", home / "page.html")
    page = (home / "page.html").read_text(encoding="utf-8").lower()
    assert "<script" not in page
    assert "<img" not in page
    assert HOSTILE_USERS[0].replace("<", "&lt;").replace(">", "&gt;") in page
