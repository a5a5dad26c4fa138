from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.model import (
    ConflictPolicy,
    Counts,
    Key,
    KeyState,
    Limits,
    PlanInputs,
    Report,
    ReportSize,
)
from activation_sync.core.phrases import short_digest
from activation_sync.core.rule.plan import MANY_KEYS, hold_if_not_approved, make_plan
from activation_sync.errors import HeldError, ReportShrankError, StaleReportError
from tests.support.effects import delivered
from tests.support.key_states import policies, worlds

SIZES = (
    ReportSize(Report.USER_DETAIL, date(2026, 11, 19), 0, 40),
    ReportSize(Report.USER_COUNTS, date(2026, 11, 19), 12, 100),
)


def plan_of(known, policy=ConflictPolicy.HOLD, **inputs):
    return make_plan(PlanInputs("contoso", tuple(known), **inputs), Limits(conflict_policy=policy))


def seen_first(product: str, observed: int) -> KeyState:
    return KeyState(Key(date(2026, 11, 19), product), product, observed=Counts(observed, 1, 0), is_published=True)


def test_many_keys_at_once_are_planned_as_few_are():
    known = [seen_first(f"PRODUCT {number:05}", number) for number in range(MANY_KEYS)]

    many, few = plan_of(known), plan_of(known[1:])

    assert len(many.changes) == MANY_KEYS
    assert many.changes[1:] == few.changes


@given(worlds, policies)
def test_a_second_run_finds_nothing_to_do(world, policy):
    first = plan_of(world, policy)
    after = {state.key: state for state in world} | {change.key: delivered(change) for change in first.changes}

    second = plan_of(after.values(), policy)

    assert [c for c in second.changes if not (c.is_conflict or c.waits_for_report)] == []


@given(worlds, policies)
def test_a_held_conflict_stays_exactly_as_it_was_until_it_is_resolved(world, policy):
    first = plan_of(world, policy)
    after = [delivered(change) for change in first.changes]

    conflicts = [change for change in first.changes if change.is_conflict]

    assert [change for change in plan_of(after, policy).changes if change.is_conflict] == conflicts


shuffled_worlds = worlds.flatmap(lambda world: st.tuples(st.just(world), st.permutations(world)))


@given(shuffled_worlds, st.permutations(SIZES))
def test_the_order_of_the_inputs_means_nothing(pair, sizes):
    world, shuffled = pair

    assert plan_of(shuffled, sizes=tuple(sizes)) == plan_of(world, sizes=SIZES)


def test_changes_are_ordered_by_refresh_date_and_product():
    later = KeyState(Key(date(2026, 11, 20), "A"), "A", observed=Counts(1))
    plan = plan_of([later, seen_first("Z", 1), seen_first("B", 1)])

    assert [change.key.product for change in plan.changes] == ["B", "Z", "A"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(plan_of([seen_first("A", 2)]), id="another value"),
        pytest.param(plan_of([seen_first("B", 1)]), id="another product"),
        pytest.param(plan_of([seen_first("A", 1), seen_first("B", 1)]), id="one change more"),
        pytest.param(plan_of([seen_first("A", 1)], sizes=SIZES), id="a finding"),
        pytest.param(make_plan(PlanInputs("fabrikam", (seen_first("A", 1),)), Limits()), id="another tenant"),
    ],
)
def test_another_plan_has_another_digest(other):
    assert other.digest != plan_of([seen_first("A", 1)]).digest


def test_keys_that_need_nothing_are_counted_and_do_not_touch_the_digest():
    idle = KeyState(Key(date(2026, 11, 19), "IDLE"), "IDLE")
    plan = plan_of([seen_first("A", 1), idle])

    assert (len(plan.changes), plan.kept) == (1, 1)
    assert plan.digest == plan_of([seen_first("A", 1)]).digest


def test_a_plan_without_findings_is_not_held():
    hold_if_not_approved(plan_of([seen_first("A", 1)]), None)

    assert not plan_of([seen_first("A", 1)]).is_held


def test_a_held_plan_says_every_reason_and_the_remedy():
    plan = plan_of([seen_first("A", 1)], sizes=SIZES)

    with pytest.raises(ReportShrankError) as held:
        hold_if_not_approved(plan)

    assert all(finding.message in str(held.value) for finding in plan.findings)
    assert f"--approve {short_digest(plan.digest)}" in str(held.value)
    assert len(plan.findings) == 2


def test_the_first_finding_names_the_error():
    plan = plan_of([], sizes=SIZES, observed_on=date(2026, 11, 1), newest_reconciled_on=date(2026, 11, 2))

    with pytest.raises(StaleReportError):
        hold_if_not_approved(plan)


def test_a_plan_is_approved_by_its_whole_digest():
    plan = plan_of([], sizes=SIZES)

    assert hold_if_not_approved(plan, plan.digest) is None


def test_no_approval_leaves_it_held():
    with pytest.raises(HeldError):
        hold_if_not_approved(plan_of([], sizes=SIZES))


@pytest.mark.parametrize("alike", [0, 12, 63])
def test_a_digest_that_only_begins_alike_approves_nothing_and_says_that_the_inputs_moved(alike: int):
    plan = plan_of([], sizes=SIZES)
    other = plan.digest[:alike] + ("0" if plan.digest[alike] != "0" else "1") * (64 - alike)

    with pytest.raises(HeldError, match=r"is of another plan; .* has moved since, so look at the new one") as held:
        hold_if_not_approved(plan, other)

    assert held.value.digest == plan.digest
    assert short_digest(plan.digest) in str(held.value)
