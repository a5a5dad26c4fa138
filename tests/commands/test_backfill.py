"""Importing and backfilling as a person does it."""

import pytest

from commands.support.exits import Exit
from tests.support.sites.offline_site import APPS, counts_csv, day, detail_csv
from tests.support.sites.site import Site
from tests.support.sites.terminal import Terminal

WINDOW = ("--from", "2026-01-01", "--to", "2026-01-04")
REASON = ("--reason", "before our time")


@pytest.fixture
def imported(site: Site, terminal: Terminal) -> Terminal:
    """Three dates, of both reports that a plan needs."""
    names = []
    for number in (0, 1, 3):
        for kind, content in (
            ("counts", counts_csv(day(number), {APPS: 4})),
            ("detail", detail_csv(day(number), {APPS: 5})),
        ):
            names.append(f"{kind} ({number}).csv")
            (site.folder / names[-1]).write_bytes(content)
    assert terminal.type("import", *names).code == Exit.DONE
    return terminal


def test_each_file_gets_its_line_and_one_bad_file_stops_no_other(site, terminal):
    (site.folder / "good.csv").write_bytes(counts_csv(day(0), {APPS: 4}))
    (site.folder / "bad.csv").write_bytes(b"<html>")

    said = terminal.type("import", "nowhere.csv", "bad.csv", "good.csv", "good.csv")

    assert said.code == Exit.FAILED
    lines = said.out.splitlines()
    assert lines[0] == "refused  nowhere.csv: it cannot be read: No such file or directory"
    assert lines[1].startswith("refused  bad.csv: this is none of the three activation reports")
    assert lines[2] == "imported good.csv: user-counts of 2026-01-01, 1 row"
    assert lines[3].startswith("known    good.csv: user-counts of 2026-01-01: these bytes have landed before")
    assert "activation-sync backfill" in lines[4]


def test_importing_again_is_no_error_and_machines_are_told_the_same(site, terminal):
    (site.folder / "good.csv").write_bytes(counts_csv(day(0), {APPS: 4}))
    verdicts = [terminal.type("import", "good.csv", "--json") for _ in range(2)]
    assert [said.code for said in verdicts] == [Exit.DONE, Exit.DONE]
    assert [said.json[0]["verdict"] for said in verdicts] == ["imported", "known"]
    assert (verdicts[0].json[0]["refreshed_on"], verdicts[0].json[0]["rows"]) == ("2026-01-01", 1)


def test_a_backfill_is_looked_at_then_done_then_found_done(site, imported, prefect_api):
    looked = imported.type("backfill", *WINDOW, *REASON, "--dry-run")
    assert looked.code == Exit.DONE
    assert (
        "3 refresh dates: 3 would change. Would write 3 rows and send 3 updates; nothing was written."
        in looked.everything
    )
    assert "Nothing was landed of 2026-01-03" in looked.everything
    assert site.warehouse_rows() == set()

    done = imported.type("backfill", *WINDOW, *REASON, PREFECT_API_URL=prefect_api)
    assert "3 refresh dates: 3 applied. Wrote 3 rows" in done.everything
    assert {row[0] for row in site.warehouse_rows()} == {"2026-01-01", "2026-01-02", "2026-01-04"}

    again = imported.type("backfill", *WINDOW, *REASON, "--json", PREFECT_API_URL=prefect_api)
    [summary] = again.json
    assert [one["verdict"] for one in summary["days"]] == ["nothing to do"] * 3
    assert summary["missing"] == ["2026-01-03"]
    why = imported.type("why", APPS, "--date", "2026-01-01")
    assert "(backfill 2026-01-01..2026-01-04: before our time)" in why.everything
    reasons = {run["reason"] for run in imported.type("history", "--json").json}
    assert reasons == {"backfill 2026-01-01..2026-01-04: before our time"}


def test_a_window_that_cannot_be_meant_is_refused_with_every_mistake(terminal):
    said = terminal.type("backfill", "--from", "2026-02-01", "--to", "2026-01-01", "--reason", " ")
    assert said.code == Exit.USAGE
    assert "the window ends (2026-01-01) before it starts (2026-02-01)" in said.everything
    assert "a backfill needs a reason" in said.everything


def test_a_backfill_without_a_reason_is_not_started(terminal):
    said = terminal.type("backfill", *WINDOW)
    assert said.code == Exit.USAGE
    assert "--reason" in said.everything
