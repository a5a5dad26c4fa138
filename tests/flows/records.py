"""What a stage's warehouse records of runs, of people, and of where things stand."""

from activation_sync.warehouse.engine import reading
from activation_sync.warehouse.runs import RunRecord, read_runs
from activation_sync.warehouse.status import WarehouseStatus
from tests.stage import Row, Stage


def runs(stage: Stage) -> list[RunRecord]:
    with reading(stage.engine) as connection:
        return read_runs(connection, stage.tenant.name, 100)


def standing(stage: Stage) -> WarehouseStatus:
    from tasks.standing import read_standing

    with reading(stage.engine) as connection:
        return read_standing(connection, stage.tenant.name)


def acts(stage: Stage) -> list[Row]:
    return stage.query("SELECT rule, product FROM ledger WHERE kind = 'person' ORDER BY id")


def row(stage: Stage, product: str) -> Row:
    """The warehouse row of a product."""
    return next(row for row in stage.warehouse_rows() if row[1] == product)
