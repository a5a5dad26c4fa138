"""Nights after which a person is needed, and the undoing of one."""

from activation_sync.core.revert import Revert
from activation_sync.core.run import RunSummary
from activation_sync.emulator import Fault
from activation_sync.warehouse.runs import RunRecord
from tests.stage import COLUMNS, Stage

DETAIL = "GET getOffice365ActivationsUserDetail"
FILL_IN = f"INSERT INTO activation_user_count (tenant, {COLUMNS}) VALUES (:tenant, :day, :product, 1007, 1005, 3)"  # noqa: S608


def conflicting(stage: Stage, rows: int | None = None) -> list[str]:
    """A first night on which people had filled in rows before, otherwise: these products, or all, end in conflict."""
    products = sorted(stage.emulator.detail_counts(stage.tenant.tenant_id))[:rows]
    for product in products:
        stage.execute(FILL_IN, tenant=stage.tenant.name, day=stage.emulator.refreshed_on, product=product)
    stage.sync()
    return products


def restated(stage: Stage) -> RunSummary:
    """A night on which the usage data of the same refresh date says something else."""
    stage.emulator.will_answer(DETAIL, Fault(kind="restated"))
    return stage.sync()


def reverted(stage: Stage, run: RunRecord, **options: str) -> tuple[Revert, RunSummary]:
    from tasks.revert import find_run, revert

    return revert(find_run(run.run_id), **options)
