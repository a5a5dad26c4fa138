"""What the ledger's decisions tell afterwards."""

from datetime import timedelta

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Decision, Key, Measure
from activation_sync.core.rule.conflicts import resolve_conflict
from activation_sync.core.runs.outcome import Outcome, RunKind
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import writing
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.ledger.hindsight import read_conflict_starts, read_effects
from activation_sync.warehouse.runs.runs import (
    find_runs,
    read_held_plans,
    read_last_run,
    record_run,
    record_run_started,
)
from activation_sync.warehouse.runs.status import read_status
from tests.support.rows import APPS, AT, DAY, VISIO, base, by_hand, change, plan, stamp

ONE, TWO = Counts(1, 1, 0), Counts(2, 1, 0)
KEY = Key(DAY, APPS)


@pytest.fixture
def conn(engine):
    with writing(engine) as conn:
        yield conn


def apply(conn, *changes, run_id="run-1", hours=0):
    apply_plan(conn, plan(*changes), stamp(run_id, AT + timedelta(hours=hours)))


def conflict(product=APPS):
    return change(ONE, product=product, decision=Decision.CONFLICT, is_written=False, is_pushed=False, warehouse=ONE)


def starts(conn):
    return {key: at - AT for key, at in read_conflict_starts(conn, "contoso", [APPS]).items()}


@pytest.fixture
def conflicting(conn):
    for product in (APPS, VISIO):
        by_hand(conn, product, assigned=1, activated=1, shared_computer_activation=0)
    for night in range(2):
        apply(conn, conflict(), conflict(VISIO), run_id=f"night-{night}", hours=24 * night)


def test_a_conflict_is_open_since_the_first_night_that_found_it(conn, conflicting):
    assert starts(conn) == {(KEY, measure): timedelta(0) for measure in Measure}


def test_a_conflict_that_comes_back_is_open_since_it_came_back(conn, conflicting):
    apply(conn, change(TWO, warehouse=ONE), run_id="settled", hours=48)
    assert starts(conn) == {}
    apply(conn, change(TWO, decision=Decision.CONFLICT, is_written=False, is_pushed=False, warehouse=TWO), hours=72)
    assert set(starts(conn).values()) == {timedelta(hours=72)}


def test_a_measure_that_a_person_left_open_is_open_as_long_as_before(conn, conflicting):
    apart = change(ONE, decision=Decision.CONFLICT, warehouse=ONE, observed=TWO, agreed=Counts(5, 5, 5))
    decided = resolve_conflict(apart, ConflictPolicy.OBSERVED, [Measure.ASSIGNED])

    apply(conn, decided, run_id="by hand", hours=48)

    assert starts(conn) == {(KEY, measure): timedelta(0) for measure in list(Measure)[1:]}
    assert counts_of(base(conn), "agreed_") == Counts(2, 5, 5)
    assert counts_of(base(conn), "observed_seen_") == Counts(2, None, None)
    assert read_effects(conn, "contoso", "by hand")[KEY].after == {Measure.ASSIGNED: 2}


def test_the_effects_of_a_run_are_each_rows_values_before_and_after(conn):
    apply(conn, change(ONE))
    apply(conn, change(TWO, warehouse=ONE), run_id="run-2")
    apply(conn, change(ONE, product=VISIO), run_id="run-3")

    effects = read_effects(conn, "contoso", "run-2")

    assert effects.keys() == {KEY}
    assert list(effects[KEY].before.values()) == [1, 1, 0]
    assert list(effects[KEY].after.values()) == [2, 1, 0]
    assert read_effects(conn, "fabrikam", "run-2") == {}


def test_a_run_that_was_repeated_is_undone_to_before_its_first_attempt(conn):
    apply(conn, change(ONE))
    apply(conn, change(TWO, warehouse=ONE), hours=1)

    effect = read_effects(conn, "contoso", "run-1")[KEY]

    assert (effect.before[Measure.ASSIGNED], effect.after[Measure.ASSIGNED]) == (None, 2)


def record(conn, run_id, kind=RunKind.SYNC, outcome=Outcome.DONE, digest=""):
    record_run_started(conn, "contoso", DAY, stamp(run_id).by("somebody"), kind)
    record_run(conn, RunSummary(PlanView("contoso", digest), run_id, DAY, outcome), at=AT)


def test_what_people_do_is_in_the_history_but_is_not_the_last_night(conn):
    record(conn, "a-night")
    record(conn, "b-resolve", RunKind.RESOLVE)

    assert [run.run_id for run in find_runs(conn, "b-re")] == ["b-resolve"]
    assert read_last_run(conn, "contoso").run_id == "a-night"
    assert read_status(conn, "contoso", at=AT).runs_lately == 1


def test_a_run_is_found_by_the_beginning_of_its_id_and_nothing_else(conn):
    record(conn, "abc-1")
    record(conn, "abc-2")
    assert len(find_runs(conn, "abc")) == 2
    assert [run.run_id for run in find_runs(conn, "abc-2")] == ["abc-2"]
    assert find_runs(conn, "%bc") == []


@pytest.mark.parametrize(
    ("outcome", "asked", "expected"),
    [
        pytest.param(Outcome.HELD, "d1d1", ["d1d1d1"], id="held"),
        pytest.param(Outcome.DONE, "d1d1", [], id="applied"),
        pytest.param(Outcome.HELD, "d2", [], id="another"),
        pytest.param(Outcome.HELD, "", ["d1d1d1"], id="any"),
    ],
)
def test_a_held_plan_is_found_once_by_the_beginning_of_its_digest(conn, outcome, asked, expected):
    for run_id in ("a-night", "the-next-night"):
        record(conn, run_id, outcome=outcome, digest="d1d1d1")
    assert [plan.digest for plan in read_held_plans(conn, ["contoso"], asked)] == expected
    assert read_held_plans(conn, ["fabrikam"], asked) == []
