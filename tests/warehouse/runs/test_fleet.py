"""How all tenants fare is read in a few queries, and says since when."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event

from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.quarantine import Quarantine
from activation_sync.core.runs.shards import Progress
from activation_sync.core.runs.standing import LastRun
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.lease import acquire, release, renew
from activation_sync.warehouse.runs.fleet import read_last_runs
from activation_sync.warehouse.runs.progress import read_done, read_progress, read_signs
from activation_sync.warehouse.runs.runs import record_run, record_run_started
from tests.support.rows import stamp

NIGHT_0 = date(2026, 11, 1)
AT_0 = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
D, N, F, H, P, U = (
    Outcome.DONE,
    Outcome.NOTHING_NEW,
    Outcome.FAILED,
    Outcome.HELD,
    Outcome.PUT_OFF,
    Outcome.UNSETTLED,
)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def night(number):
    return NIGHT_0 + timedelta(days=number)


def at(number):
    return AT_0 + timedelta(days=number)


def run(conn, number, outcome=D, tenant="contoso", *, kind=RunKind.SYNC, as_of=None, **said):
    """One run; outcome None: begun and never ended."""
    run_id, as_of = f"{tenant} {kind} {number}", as_of or night(number)
    record_run_started(conn, tenant, as_of, stamp(run_id, at(number)), kind)
    if outcome:
        said = {"error": "no way in", "error_kind": "CredentialError"} | said if outcome is F else said
        record_run(
            conn, RunSummary(PlanView(tenant, observed_on=NIGHT_0), run_id, as_of, outcome, **said), at=at(number)
        )
    return run_id


def nights(conn, *outcomes, tenant="contoso", **said):
    for number, outcome in enumerate(outcomes):
        run(conn, number, outcome, tenant, **said)


def last(conn, tenant="contoso", now=99) -> LastRun:
    [found] = read_last_runs(conn, [tenant], at(now))
    return found


def test_a_tenant_that_never_ran_is_listed_too(conn):
    assert read_last_runs(conn, ["contoso", "fabrikam"], at(0)) == [LastRun("contoso"), LastRun("fabrikam")]


@pytest.mark.parametrize(
    ("outcomes", "since"),
    [
        pytest.param([D], 0, id="one-run"),
        pytest.param([F, D, N, N, D], 1, id="nothing-new-goes-on-what-was-done"),
        pytest.param([D, U, D, U, U], 3, id="unsettled-again"),
        pytest.param([H, F, F], 1, id="failed-after-held"),
        pytest.param([F, H], 1, id="held-after-failed"),
    ],
)
def test_a_streak_began_with_its_first_run_of_that_outcome(conn, outcomes, since):
    nights(conn, *outcomes)

    found = last(conn)

    assert (found.outcome, found.since, found.as_of) == (outcomes[-1], at(since), night(len(outcomes) - 1))
    assert found.refreshed_on == NIGHT_0


def test_words_are_read_of_those_that_need_some(conn):
    nights(conn, D, tenant="contoso")
    nights(conn, D, F, tenant="fabrikam")

    fine, failed = read_last_runs(conn, ["contoso", "fabrikam"], at(9))

    assert fine.summary is None
    assert (failed.summary.error, failed.summary.error_kind) == ("no way in", "CredentialError")


def test_what_people_did_is_no_run_of_the_job(conn):
    nights(conn, D)
    run(conn, 1, F, kind=RunKind.REVERT)

    assert (last(conn).outcome, last(conn).since) == (D, at(0))


def test_a_run_that_never_ended_is_seen_beside_the_last_that_did(conn):
    nights(conn, D, F, None)

    killed = last(conn)

    assert (killed.outcome, killed.since, killed.unended_at, killed.is_alive) == (F, at(1), at(2), False)


def test_a_run_under_way_has_a_lease_that_has_not_run_out(conn):
    nights(conn, None)
    acquire(conn, "contoso", "run", at(0), ttl_s=60)

    assert last(conn, now=0).is_alive
    assert not last(conn, now=1).is_alive


def test_a_run_that_never_ended_is_forgotten_once_another_did(conn):
    nights(conn, None, D)

    assert last(conn).unended_at is None


def test_three_nights_of_failures_quarantine_a_tenant_while_others_are_well(conn):
    nights(conn, F, F, F)
    nights(conn, D, D, D, tenant="fabrikam")

    bad, good = read_last_runs(conn, ["contoso", "fabrikam"], at(9))

    assert bad.quarantine == Quarantine(night(2), night(9))
    assert good.quarantine is None


@pytest.mark.parametrize(
    ("outcomes", "is_quarantined"),
    [
        pytest.param([F, F, D, F], False, id="a-good-run-lifts-it"),
        pytest.param([F, F, F, D], False, id="afterwards-too"),
        pytest.param([F, F, H, F], False, id="held-is-not-failed"),
        pytest.param([F, P, F, P, F], True, id="put-off-says-nothing"),
        pytest.param([F, F, F, None], True, id="killed-says-nothing"),
    ],
)
def test_only_nights_with_nothing_good_between_count(conn, outcomes, is_quarantined):
    nights(conn, *outcomes)
    nights(conn, *[D] * len(outcomes), tenant="fabrikam")

    assert bool(last(conn).quarantine) is is_quarantined


def test_several_failures_in_one_night_are_one(conn):
    for number in range(3):
        run(conn, number, F, as_of=NIGHT_0)
    run(conn, 0, D, "fabrikam")

    assert last(conn).quarantine is None


def test_graph_being_busy_quarantines_nobody(conn):
    nights(conn, F, F, F, F, error_kind="GraphBusyError")
    nights(conn, D, D, D, D, tenant="fabrikam")

    assert last(conn).quarantine is None


def test_an_outage_of_everything_quarantines_nobody(conn):
    """One secret for all tenants that has expired, for instance."""
    for tenant in ("contoso", "fabrikam", "tailspin"):
        nights(conn, F, F, F, F, tenant=tenant)
    nights(conn, D, D, D, D, tenant="wingtip")

    assert [found.quarantine for found in read_last_runs(conn, ["contoso", "fabrikam"], at(9))] == [None, None]


def test_a_tenant_that_failed_first_and_then_did_well_does_not_make_an_outage(conn):
    nights(conn, F, F, F)
    for number in range(3):
        for attempt, outcome in enumerate((F, D)):
            run(conn, number + attempt / 10, outcome, "fabrikam", as_of=night(number))

    assert last(conn).quarantine == Quarantine(night(2), night(9))


def test_a_run_by_hand_for_a_day_far_ahead_does_not_put_the_next_attempt_off_until_then(conn):
    nights(conn, F, F)
    run(conn, 2, F, as_of=night(400))
    nights(conn, D, D, D, tenant="fabrikam")

    assert last(conn).quarantine.tried_again_on == night(3 + 7)


def test_how_many_queries_it_takes_does_not_depend_on_how_many_tenants_there_are(conn):
    def queries(tenants):
        for tenant in tenants:
            nights(conn, F, F, F, F, tenant=tenant)
        asked = []
        event.listen(conn, "before_cursor_execute", lambda *what: asked.append(what[2]))
        read_last_runs(conn, tenants, at(9))
        return len(asked)

    few, many = queries(["contoso"]), queries([f"tenant-{number}" for number in range(50)])

    assert (few, many) == (4, 4)


def test_the_tenants_whose_night_is_done_are_known_at_once(conn):
    run(conn, 3, D, "contoso")
    run(conn, 3, U, "fabrikam")
    run(conn, 3, F, "tailspin")
    run(conn, 3, P, "wingtip")
    run(conn, 2, D, "litware")
    run(conn, 3, D, "proseware", kind=RunKind.BACKFILL)

    assert read_done(conn, night(3)) == {"contoso", "fabrikam"}


def test_progress_tells_runs_that_ended_from_those_begun_and_those_not_begun(conn):
    until = at(5)
    run_ids = {
        "contoso": run(conn, 1, D, "contoso"),
        "fabrikam": run(conn, 1, None, "fabrikam"),
        "tailspin": run(conn, 1, P, "tailspin", put_off_until=until),
        "wingtip": "not begun",
    }
    run(conn, 1, D, "wingtip")  # of another flow run

    assert read_progress(conn, run_ids) == {
        "contoso": Progress(D),
        "fabrikam": Progress(),
        "tailspin": Progress(P, until),
    }


def test_whatever_a_worker_does_is_a_sign_of_life(conn):
    def signs():
        return read_signs(conn, {"contoso": "contoso sync 1"})

    seen = [signs()]
    lease = acquire(conn, "contoso", "run", at(1))
    seen.append(signs())
    run(conn, 1, None)
    seen.append(signs())
    renew(conn, lease, at(1) + timedelta(seconds=20))
    seen.append(signs())
    run(conn, 1, D)
    seen.append(signs())
    release(conn, lease, at(1) + timedelta(seconds=30))
    seen.append(signs())

    assert all(before != after for before, after in pairwise(seen))
    assert signs() == signs()
