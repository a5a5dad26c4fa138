"""Step 6: read back what Graph holds of the rows it acknowledged in this run."""

from prefect import task

from activation_sync.core.rule.delivery import Verification
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.delivery.consequences import record_read_back
from activation_sync.warehouse.delivery.outbox import read_acknowledged
from tasks.log import step_log
from tasks.policy import STEP
from tasks.run import Run
from tasks.wiring import open_graph, open_warehouse, tenant_settings


@task(task_run_name="verify {run.tenant}", **STEP)
def verify_delivery(run: Run) -> Verification:
    """Compare the rows acknowledged in this run with what Graph returns; a difference puts the row in doubt.

    Safe to repeat: it compares, and doubt is only ever added for a row that Graph shows otherwise.
    """
    with reading(open_warehouse()) as connection:
        acknowledged = read_acknowledged(connection, run.tenant, run.run_id)
    if not acknowledged or not tenant_settings(run.tenant).write_back.verify:
        return Verification()
    days = sorted({row.update.key.refreshed_on for row in acknowledged})
    with open_graph(run.tenant) as graph:
        answers = [graph.read_counts(day) for day in days]
    held = [row for answer in answers if answer is not None for row in answer]
    if None in answers:
        return Verification(is_offered=False)
    with writing(open_warehouse(), run.lease) as connection:
        verification = record_read_back(connection, run.tenant, acknowledged, held, run.stamp())
    step_log().info("verified: %d confirmed, %d different", verification.confirmed, verification.different)
    return verification
