"""Reports that arrive whole and are wrong: held or refused, with their bytes kept, and nothing else moved."""

from collections.abc import Iterator

from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault
from tests.support.faults import COUNTS, DETAIL, PLATFORMS, both_ways, script
from tests.support.sites.site import Ending, Site

REPORTS = {COUNTS: "user-counts", DETAIL: "user-detail", PLATFORMS: "platform-counts"}
NASTY_NIGHTS = (  # kinds of the three reports' faults, and what is said of each
    {COUNTS: ("empty", "0 bytes"), DETAIL: ("words-for-numbers", "many"), PLATFORMS: ("utf-16", "UTF-16")},
    {COUNTS: ("duplicate-row", "line"), DETAIL: ("html", "HTML"), PLATFORMS: ("cut-clean", "line")},
    {
        COUNTS: ("words-for-numbers", "many"),
        DETAIL: ("duplicate-row", "two rows for one user"),
        PLATFORMS: ("html", "HTML"),
    },
    {COUNTS: ("html", "HTML"), DETAIL: ("cut-clean", "line"), PLATFORMS: ("empty", "0 bytes")},
    {COUNTS: ("utf-16", "UTF-16"), DETAIL: ("empty", "0 bytes"), PLATFORMS: ("duplicate-row", "line")},
)


def rejected(site: Site) -> dict[str, str]:
    """Why the landed reports that could not be loaded could not be."""
    return dict(site.query("SELECT id, rejected FROM raw_report WHERE rejected IS NOT NULL"))


def landed_bytes(site: Site) -> Iterator[tuple[int, int]]:
    """Of each landed report, the bytes it had and those that are kept."""
    for path, size_bytes in site.query("SELECT path, size_bytes FROM raw_report"):
        yield size_bytes, (site.folder / "landing" / path).stat().st_size


def ours(site: Site) -> Ending:
    """Where our side stands; Graph's moves with every refresh date."""
    return {part: rows for part, rows in site.ending().items() if part != "graph"}


@both_ways
def test_a_nasty_report_fails_the_run_keeps_its_bytes_and_says_why(drifting, undisturbed):
    """The next good report goes through."""
    drifting.sync()
    drifting.emulator.advance(days=1)
    before, known = drifting.ending(), {}
    for night in NASTY_NIGHTS:
        script(drifting, [(f"download {report}", Fault(kind=kind)) for report, (kind, _) in night.items()])

        summary = drifting.sync()

        assert summary.outcome is Outcome.FAILED
        new = {landed_id.split("/")[1]: why for landed_id, why in rejected(drifting).items() if landed_id not in known}
        assert {REPORTS[report]: words in new.get(REPORTS[report], "") for report, (_, words) in night.items()} == (
            dict.fromkeys(REPORTS.values(), True)
        ), new
        assert summary.error in new.values()
        assert drifting.ending() == before
        known = rejected(drifting)
    assert {size_bytes - kept for size_bytes, kept in landed_bytes(drifting)} == {0}
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0, 1)


@both_ways
def test_a_report_without_rows_or_cut_short_is_held_every_night_until_a_whole_one_comes(drifting, undisturbed):
    drifting.sync()
    before = ours(drifting)
    for kind in ("header-only", "first-100-rows", "first-100-rows"):
        drifting.emulator.advance(days=1)
        script(drifting, [(f"GET {DETAIL}", Fault(kind=kind))])

        summary = drifting.sync()

        assert (summary.outcome, "rows" in summary.error) == (Outcome.HELD, True), kind
        assert ours(drifting) == before
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0, 3)


@both_ways
def test_a_download_cut_short_is_not_taken_for_the_whole_report_when_graph_says_not_modified(drifting, undisturbed):
    drifting.sync()
    drifting.emulator.advance(days=1)
    script(drifting, [(f"download {DETAIL}", Fault(kind="first-100-rows"))])

    assert drifting.sync().outcome is Outcome.HELD
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0, 1)


@both_ways
def test_a_refresh_date_that_goes_backwards_is_held(drifting, undisturbed):
    drifting.sync()
    drifting.emulator.advance(days=1)
    drifting.sync()
    script(drifting, [(f"GET {DETAIL}", Fault(kind="date-backwards"))])

    summary = drifting.sync()

    assert (summary.outcome, "older than" in summary.error) == (Outcome.HELD, True)
    assert drifting.sync().outcome is Outcome.NOTHING_NEW
    assert drifting.ending() == undisturbed(0, 1)


@both_ways
def test_a_restated_date_is_reconciled_again_and_both_reports_are_kept(drifting):
    drifting.sync()
    first = drifting.warehouse_rows()
    script(drifting, [(f"GET {DETAIL}", Fault(kind="restated"))])

    assert drifting.sync().outcome is Outcome.DONE

    assert drifting.graph_rows() == drifting.warehouse_rows() != first
    [(refresh_dates, reports)] = drifting.query(
        "SELECT count(DISTINCT refreshed_on), count(*) FROM raw_report WHERE report = 'user-detail'"
    )
    assert (refresh_dates, reports) == (1, 2)
    assert drifting.sync().outcome is Outcome.DONE  # the first figures again
    assert drifting.graph_rows() == drifting.warehouse_rows() == first


@both_ways
def test_a_report_that_is_not_there_fails_the_run_and_nothing_moves(drifting, undisturbed):
    script(drifting, [(f"GET {DETAIL}", Fault(kind="unknown-tenant")), (f"GET {COUNTS}", Fault(404))])

    summary = drifting.sync()

    assert (summary.outcome, "404" in summary.error) == (Outcome.FAILED, True)
    assert drifting.query("SELECT outcome FROM sync_run") == [("failed",)]
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_columns_of_2017_are_read_and_what_they_lack_is_absent_not_zero(drifting):
    script(drifting, [(f"GET {report}", Fault(kind="columns-2017")) for report in (COUNTS, DETAIL)])
    shared = {row[:2]: row[-1] for row in drifting.graph_rows()}

    assert drifting.sync().outcome is Outcome.DONE

    assert {row[-1] for row in drifting.warehouse_rows()} == {None}
    assert {row[:4] for row in drifting.graph_rows()} == {row[:4] for row in drifting.warehouse_rows()}
    assert {row[:2]: row[-1] for row in drifting.graph_rows()} == shared
