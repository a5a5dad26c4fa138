"""A warehouse of November 2026, made by the code of its day and upgraded by today's `migrate`, with its Graph."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from activation_sync.emulator import Scenario
from tests.support.sites.site import Site, open_site

MADE = Path(__file__).parents[2] / "warehouse/fixtures/warehouse_2026_11.sqlite"
SCENARIO = Scenario(
    users=60, seed=12, products=("Microsoft 365 Apps for enterprise", "Visio Pro for Office 365", "Project Client")
)
DAYS = 6  # of Graph's clock, until its newest refresh date is the warehouse's


@contextmanager
def open_upgraded(folder: Path) -> Iterator[Site]:
    shutil.copyfile(MADE, folder / "warehouse.db")
    with open_site(folder, f"sqlite:///{folder / 'warehouse.db'}", SCENARIO, sync={"names": "drop"}) as site:
        site.emulator.advance(days=DAYS)
        yield site
