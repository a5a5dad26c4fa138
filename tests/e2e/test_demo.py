"""`demo` on a machine that has never seen it: an empty folder, an empty home, no server, no tenant."""

import hashlib
import re
import resource
import shlex
import sqlite3
from pathlib import Path

import pytest

from commands.support.exits import Exit
from tests.support.sites.terminal import Output, Terminal

LONGEST_S = 60  # of work; a busy machine may take its time
DONE = re.compile(r"Wrote (\d+) rows? to the warehouse; (\d+) of (\d+) updates? acknowledged by Graph\.")
PATCHED = re.compile(r"Graph's own journal: (\d+) rows PATCHed by this run\.")
LANDED = re.compile(r"landed ([a-z-]+): (\d+) bytes, sha256 (\w{12})")
CORRECTED = re.compile(r"by hand: (.+) has (\d+) assigned users, not (\d+)\.")
FIRST_SEEN = re.compile(r"^ *(\S.*?)  +- -> (\d+)  +- -> (\d+)  +- -> (\d+)  +first seen", re.MULTILINE)


class Shown:
    """A demo that has run, and the files it left."""

    def __init__(self, said: Output, terminal: Terminal, work_s: float) -> None:
        self.said, self.terminal, self.work_s = said, terminal, work_s
        self.home = terminal.folder / "demo"
        self.text = " ".join(said.out.split())

    def query(self, statement: str) -> list[tuple[object, ...]]:
        warehouse = sqlite3.connect(self.home / "warehouse.db")
        try:
            return warehouse.execute(statement).fetchall()
        finally:
            warehouse.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Typed where the environment points to a warehouse that is no demo's."""
    terminal = Terminal(tmp_path_factory.mktemp("newcomer"))
    before = work_s()
    said = terminal.type("demo", COLUMNS="200", ACTIVATION_SYNC__WAREHOUSE__URL="sqlite:///precious.db")
    return Shown(said, terminal, work_s() - before)


def work_s() -> float:
    """Seconds that ended children of this process have worked, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_it_succeeds_in_under_a_minute(shown: Shown):
    assert shown.said.code == Exit.DONE, shown.said.everything
    assert shown.work_s < LONGEST_S


def test_the_secret_is_in_its_own_file_and_nowhere_on_the_screen(shown: Shown):
    secret = (shown.home / "contoso.secret").read_text()

    assert secret
    assert secret not in shown.said.everything
    assert secret not in (shown.home / "activation-sync.toml").read_text()


def test_every_night_did_in_the_warehouse_what_it_said(shown: Shown):
    runs = shown.query("SELECT run_id, outcome FROM sync_run ORDER BY started_at")
    acknowledged = [
        shown.query(f"SELECT count(*) FROM ledger WHERE kind = 'answer' AND status = 200 AND run_id = '{run}'")[0][0]  # noqa: S608
        for run, _ in runs
    ]

    assert [outcome for _, outcome in runs] == ["done", "nothing-new", "done"]
    assert [int(patched) for patched in PATCHED.findall(shown.text)] == acknowledged
    assert acknowledged[0] > 0 == acknowledged[1] < acknowledged[2]
    assert [int(sent) for _, sent, _ in DONE.findall(shown.text)] == [acknowledged[0], acknowledged[2]]
    assert "No new report" in shown.text


def test_the_tables_show_what_the_warehouse_holds(shown: Shown):
    columns = "product, assigned, activated, shared_computer_activation, updated_by"
    rows = shown.query(f"SELECT {columns} FROM activation_user_count")  # noqa: S608
    printed = {(product, *map(int, counts)) for product, *counts in FIRST_SEEN.findall(shown.said.out)}
    [(product, after, before)] = CORRECTED.findall(shown.text)

    untouched = {tuple(counts) for *counts, who in rows if who != "you"}
    corrected = {tuple(counts) for *counts, who in rows if who == "you"}
    assert untouched < printed
    assert {(name, assigned) for name, assigned, *_ in corrected} == {(product, int(after))}
    assert {(name, assigned) for name, assigned, *_ in printed - untouched} == {(product, int(before))}
    assert f"Warehouse and Graph agree on all {len(rows)} rows." in shown.text


def test_every_report_it_landed_is_there_byte_for_byte(shown: Shown):
    landing = shown.home / "landing"
    kept = {path: path.read_bytes() for path in landing.glob("[!_]*/**/*") if path.is_file()}  # _heads is the ledger's
    known = {(path, sha256) for path, sha256 in shown.query("SELECT path, sha256 FROM raw_report")}

    assert {hashlib.sha256(content).hexdigest() for content in kept.values()} == {sha256 for _, sha256 in known}
    announced = {(report, int(size), sha256) for report, size, sha256 in LANDED.findall(shown.said.err)}
    assert announced == {
        (path.parent.name, len(content), hashlib.sha256(content).hexdigest()[:12]) for path, content in kept.items()
    }


def test_what_it_says_to_type_next_works_without_the_emulator(shown: Shown):
    typed = [shlex.split(line)[1:] for line in re.findall(r"^  \S*activation-sync --config .*$", shown.said.out, re.M)]

    for words in typed:
        said = shown.terminal.type(*words)
        assert (said.code, said.err) == (Exit.DONE, "")
        assert "contoso" in said.out
    assert "corrected in the table by you" in said.out  # of `why`
    assert [words[2] for words in typed] == ["status", "why"]


def test_no_other_warehouse_is_touched(shown: Shown):
    assert {path.name for path in shown.terminal.folder.iterdir()} == {"demo", "home"}


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("three years of work")

    said = Terminal(tmp_path).type("demo", "--folder", ".")

    assert said.code == Exit.USAGE
    assert "was not made by an earlier demo or up: choose another --folder" in said.err
    assert (tmp_path / "thesis.txt").read_text() == "three years of work"
