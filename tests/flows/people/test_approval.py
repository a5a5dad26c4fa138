"""A held run goes on by the digest of its very plan, from the command or the dashboard, and once."""

from concurrent.futures import ThreadPoolExecutor

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flow_engine import run_flow

from activation_sync.core.runs.outcome import Outcome
from tests.support.sites.records import acts, runs
from tests.support.sites.site import Site


def held_digest(site: Site) -> str:
    """A first night that is held, because most of what Graph shows would change."""
    site.configure(sync={"few_users": 0, "max_change_share": 0.0})
    assert site.sync().outcome is Outcome.HELD
    return runs(site)[0].digest


def test_a_held_run_goes_on_by_its_digest_and_ledger_and_history_say_who_approved(site: Site):
    digest = held_digest(site)
    assert site.sync(approve="0" * 64).outcome is Outcome.HELD
    assert site.warehouse_rows() == set()

    summary = site.sync(approve=digest[:12])

    run = runs(site)[0]
    assert summary.outcome is Outcome.DONE
    assert (run.digest, run.summary.plan.approved_by, acts(site)) == (digest, run.who, [("approve", None)])
    assert site.warehouse_rows() == site.graph_rows()


def test_an_approved_plan_whose_inputs_moved_is_refused_and_told_apart_from_a_mistyped_digest(site: Site):
    digest = held_digest(site)
    site.emulator.advance(days=1)

    moved, mistyped = site.sync(approve=digest[:12]), site.sync(approve="0123456789ab")

    new = runs(site)[0].digest[:12]
    assert new != digest[:12]
    assert "has moved since" in moved.error
    assert f"--approve {new}" in moved.error
    assert f"no run was held with a plan whose digest begins with 0123456789ab; held were: {new}" in mistyped.error
    assert site.warehouse_rows() == set()


def test_a_plan_that_begins_like_the_approved_one_stays_held(site: Site):
    """As somebody makes it who may edit the table: the person approved the other one."""
    digest = held_digest(site)
    site.execute("UPDATE sync_run SET digest = :alike", alike=f"{digest[:12]}{'0' * 52}")

    summary = site.sync(approve=digest[:12])

    assert summary.outcome is Outcome.HELD
    assert "is of another plan" in summary.error
    assert site.warehouse_rows() == set()


def test_of_two_people_who_approve_at_once_one_applies_and_the_other_finds_nothing_to_do(site: Site):
    digest = held_digest(site)

    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(lambda _: site.sync(approve=digest), range(2)))

    assert sorted(summary.outcome for summary in summaries) == [Outcome.DONE, Outcome.NOTHING_NEW]
    assert acts(site) == [("approve", None)]
    assert len(site.patches()) == max(summary.plan.pushed for summary in summaries)
    assert site.warehouse_rows() == site.graph_rows()


def from_dashboard(**parameters: str) -> State:
    """A run as the dashboard's form starts it: a deployment's flow run, its parameters checked by the server."""
    from flows.sync import sync

    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name(sync.name)
        deployment_id = client.create_deployment(
            flow_id, "by hand", parameter_openapi_schema=sync.parameters.model_dump(), enforce_parameter_schema=True
        )
        flow_run = client.create_flow_run_from_deployment(deployment_id, parameters=parameters)
    return run_flow(sync, flow_run=flow_run, return_type="state")


def test_a_held_run_goes_on_from_the_dashboards_form_by_a_name_that_is_marked_as_claimed(site: Site):
    digest = held_digest(site)

    nameless = from_dashboard(tenant=site.tenant.name, approve=digest[:12])
    assert (nameless.name, "fill in approved_by" in nameless.message) == ("Failed", True)
    assert from_dashboard(tenant=site.tenant.name, approve=digest[:12], approved_by=" Ada ").name == "Completed"

    run = runs(site)[0]
    assert (run.digest, run.summary.plan.approved_by, acts(site)) == (digest, "claimed by Ada", [("approve", None)])
    [(note,)] = site.query("SELECT note FROM ledger WHERE rule = 'approve' AND who = 'claimed by Ada'")
    assert digest in note
    assert site.warehouse_rows() == site.graph_rows()


def test_the_form_says_what_to_fill_in():
    from flows.sync import sync

    for parameter in sync.parameters.properties.values():
        assert parameter["description"]
