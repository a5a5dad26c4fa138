"""What a site's warehouse records of runs, of people, and of where things stand."""

from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.runs.runs import RunRecord, read_runs
from activation_sync.warehouse.runs.status import WarehouseStatus
from tests.support.sites.site import Row, Site


def runs(site: Site) -> list[RunRecord]:
    with reading(site.engine) as connection:
        return read_runs(connection, site.tenant.name, 100)


def standing(site: Site) -> WarehouseStatus:
    from tasks.nights.standing import read_standing

    with reading(site.engine) as connection:
        return read_standing(connection, site.tenant.name)


def acts(site: Site) -> list[Row]:
    return site.query("SELECT rule, product FROM ledger WHERE kind = 'person' ORDER BY id")


def row(site: Site, product: str) -> Row:
    """The warehouse row of a product."""
    return next(row for row in site.warehouse_rows() if row[1] == product)
