"""What would do harm is held before anything is written, on an empty warehouse too: nothing reaches Graph."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from activation_sync.core.runs.backfill import DayVerdict
from activation_sync.core.runs.outcome import Outcome
from activation_sync.emulator import Fault, Scenario
from tests.flows.test_backfill import backfill, download_by_hand, import_files
from tests.support.faults import DETAIL, script
from tests.support.sites.site import Site, open_site

CUT = [(f"GET {DETAIL}", Fault(kind="first-100-rows"))]
TODAY = date(2026, 11, 21)


@pytest.fixture
def ordinary(tmp_path: Path) -> Iterator[Site]:
    """A tenant of six products and 450 users whose counts report lags; updates are sent."""
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", Scenario(users=450)) as site:
        yield site


def test_user_detail_cut_to_its_first_100_rows_is_held_on_the_very_first_night(ordinary: Site):
    script(ordinary, CUT * 2)

    looked, summary = ordinary.sync(dry_run=True), ordinary.sync()

    assert summary.outcome is Outcome.HELD
    assert "says 100 assigned users (all products together), the counts report of" in summary.error
    assert "detail of exactly 100 rows is often a cut report" in summary.error
    assert "in Graph" in summary.error
    assert looked.plan.findings
    assert all(finding in summary.error for finding in looked.plan.findings)
    assert (ordinary.warehouse_rows(), ordinary.patches()) == (set(), [])
    assert ordinary.sync().outcome is Outcome.DONE


def test_the_same_file_imported_by_hand_is_held_when_it_is_backfilled(ordinary: Site):
    script(ordinary, CUT)
    on = ordinary.emulator.refreshed_on
    import_files(ordinary, download_by_hand(ordinary, 1))

    _, [summary] = backfill(ordinary, on, on)

    assert [day.verdict for day in summary.days] == [DayVerdict.HELD]
    assert "detail of exactly 100 rows is often a cut report" in summary.error
    assert (ordinary.warehouse_rows(), ordinary.patches()) == (set(), [])


def test_a_report_of_2037_is_held_and_does_not_lock_the_tenant(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'warehouse.db'}"
    with open_site(tmp_path, url, Scenario(users=60, first_refreshed_on=date(2037, 1, 19))) as site:
        summary = site.sync(as_of=TODAY)

        assert summary.outcome is Outcome.HELD
        assert "it is dated 2037-01-19, a day that has not come yet" in summary.error
        assert (site.warehouse_rows(), site.patches()) == (set(), [])
    with open_site(tmp_path, url, Scenario(users=60)) as site:
        assert site.sync().outcome is Outcome.DONE
