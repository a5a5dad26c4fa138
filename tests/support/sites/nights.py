"""Nights after which a person is needed, and the undoing of one."""

from activation_sync.core.rule.revert import Revert
from activation_sync.core.runs.summary import RunSummary
from activation_sync.emulator import Fault
from activation_sync.warehouse.runs.runs import RunRecord
from tests.support.sites.site import COLUMNS, Site

DETAIL = "GET getOffice365ActivationsUserDetail"
FILL_IN = f"INSERT INTO activation_user_count (tenant, {COLUMNS}) VALUES (:tenant, :day, :product, 1007, 1005, 3)"  # noqa: S608


def conflicting(site: Site, rows: int | None = None) -> list[str]:
    """A first night on which people had filled in rows before, otherwise: these products, or all, end in conflict."""
    products = sorted(site.emulator.detail_counts(site.tenant.tenant_id))[:rows]
    for product in products:
        site.execute(FILL_IN, tenant=site.tenant.name, day=site.emulator.refreshed_on, product=product)
    site.sync()
    return products


def restated(site: Site) -> RunSummary:
    """A night on which the usage data of the same refresh date says something else."""
    site.emulator.will_answer(DETAIL, Fault(kind="restated"))
    return site.sync()


def reverted(site: Site, run: RunRecord, **options: str) -> tuple[Revert, RunSummary]:
    from tasks.acts.revert import find_run, revert

    return revert(find_run(run.run_id), **options)
