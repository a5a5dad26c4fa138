from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import (
    NOT_REPORTED,
    ConflictPolicy,
    Counts,
    DayCounts,
    Finding,
    Key,
    KeyState,
    Limits,
    PlanInputs,
    Report,
    ReportSize,
)
from activation_sync.core.rule.guards import HELD_BY, judge
from activation_sync.core.rule.reconcile import reconcile
from activation_sync.errors import HeldError

LIMITS = Limits(max_change_share=0.25, max_shrink_share=0.25, min_judged_rows=20)
THURSDAY, FRIDAY, SATURDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)
FIVE, SIX = Counts(5, 3, 1), Counts(6, 3, 1)
HUNDRED = Counts(50, 40, 10)
ROLES = ("warehouse", "published", "agreed", "observed_seen")
DAYS = [(0, THURSDAY), (1, FRIDAY), (2, SATURDAY)]


def state(number: int, refreshed_on: date = FRIDAY, **known: object) -> KeyState:
    calm = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), FIVE)
    return KeyState(Key(refreshed_on, f"P{number}"), f"P{number}", **{**calm, "is_published": True, **known})


def settled(counts: Counts, **known: object) -> KeyState:
    """A key on which everything says the same, but for what is known otherwise."""
    calm = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), counts)
    return state(0, **{**calm, **known})


def new(observed: Counts, number: int = 0, **known: object) -> KeyState:
    """A key that is seen for the first time."""
    return KeyState(Key(FRIDAY, f"P{number}"), f"P{number}", observed=observed, **known)


def day(refreshed_on: date, *counts: Counts) -> DayCounts:
    return DayCounts(refreshed_on, {f"P{number}": each for number, each in enumerate(counts)})


def findings(*states: KeyState, limits: Limits = LIMITS, **inputs: object):
    changes = reconcile(states, ConflictPolicy.HOLD)
    return judge(PlanInputs("contoso", states, **inputs), changes, limits)


def guards(*states: KeyState, **inputs: object) -> list[str]:
    return [finding.guard for finding in findings(*states, **inputs)]


# ---- how many users change ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assigned", "expected"),
    [
        pytest.param(75, [], id="exactly the share is allowed"),
        pytest.param(76, ["too-much-change"], id="one more is held"),
        pytest.param(24, ["too-much-change"], id="one less is held"),
    ],
)
@pytest.mark.parametrize("side", ["warehouse", "Graph"])
def test_a_refresh_date_is_held_when_more_than_its_share_of_users_would_change(side, assigned, expected):
    other = {"warehouse": {"observed": Counts(assigned, 40, 10)}, "Graph": {"warehouse": Counts(assigned, 40, 10)}}
    published = {"warehouse": {"published": Counts(assigned, 40, 10)}, "Graph": {}}

    assert guards(settled(HUNDRED, **other[side], **published[side])) == expected


@pytest.mark.parametrize(("assigned", "expected"), [(11, []), (12, ["too-much-change"])])
def test_a_few_users_are_never_too_many(assigned, expected):
    assert (
        guards(settled(Counts(1, 1, 1), observed=Counts(assigned, 1, 1), published=Counts(assigned, 1, 1))) == expected
    )


def test_six_products_are_judged_too():
    cut = [state(n, observed=Counts(8, 0, 0), **dict.fromkeys(ROLES, HUNDRED)) for n in range(6)]

    assert guards(*cut) == ["too-much-change"] * 2


def test_both_sides_are_judged_apart_and_named_with_numbers_and_remedy():
    messages = [finding.message for finding in findings(settled(HUNDRED, observed=Counts(90, 40, 10)))]

    assert [message.split(": more")[0] for message in messages] == [
        "the counts of 2026-11-20 would change by 40 of 100 users (40%) in the warehouse",
        "the counts of 2026-11-20 would change by 40 of 100 users (40%) in Graph",
    ]
    assert all("max_change_share = 0.25" in message and "approve" in message for message in messages)


def test_refresh_dates_are_judged_one_by_one_so_that_none_hides_behind_the_others():
    calm = [state(n, SATURDAY, **dict.fromkeys(ROLES, HUNDRED), observed=Counts(51, 40, 10)) for n in range(9)]

    assert guards(settled(HUNDRED, observed=Counts(90, 40, 10)), *calm) == ["too-much-change"] * 2


def test_of_several_dates_the_worst_is_named_and_the_others_are_counted():
    changed = [state(0, on, **dict.fromkeys(ROLES, HUNDRED), observed=Counts(90 + n, 40, 10)) for n, on in DAYS]

    assert [finding.message.split(" in ")[0] for finding in findings(*changed)] == [
        "the counts of 2026-11-21 would change by 42 of 100 users (42%)",
    ] * 2
    assert all("2 more refresh dates" in finding.message for finding in findings(*changed))


def test_a_new_refresh_date_is_compared_with_the_one_settled_before_it():
    (finding,) = findings(new(Counts(20, 10, 1)), settled_before={FRIDAY: day(THURSDAY, HUNDRED)})

    assert "would change by 69 of 100 users (69%) in the warehouse, compared with 2026-11-19" in finding.message
    assert guards(new(Counts(45, 40, 9)), settled_before={FRIDAY: day(THURSDAY, HUNDRED)}) == []


def test_a_product_that_a_new_date_lacks_counts_with_all_its_users():
    before = {FRIDAY: day(THURSDAY, FIVE, HUNDRED)}

    assert guards(new(FIVE), settled_before=before) == ["too-much-change"]
    assert guards(new(FIVE), new(NOT_REPORTED, 1, published=HUNDRED), settled_before=before) == ["too-much-change"]


def test_a_measure_that_is_not_reported_counts_with_none():
    assert guards(new(Counts(50, 40, None)), settled_before={FRIDAY: day(THURSDAY, Counts(50, 40, 90))}) == []


def test_new_rows_are_no_change_of_existing_ones():
    assert guards(*[new(FIVE, n) for n in range(30)]) == []


def test_a_first_night_is_compared_with_what_graph_shows():
    (finding,) = findings(new(Counts(5, 4, 1), published=HUNDRED, is_published=True))

    assert "would change by 90 of 100 users (90%) in Graph:" in finding.message


def test_a_first_night_that_waits_for_its_counts_report_is_compared_with_the_nearest():
    nearest = {FRIDAY: day(THURSDAY, HUNDRED)}

    assert guards(new(Counts(50, 0, 0)), reported_near=nearest) == ["too-much-change"]
    assert guards(new(Counts(50, 36, 9)), reported_near=nearest) == []


def test_a_zero_is_counted_like_any_other_number():
    assert guards(settled(Counts(0, 0, 0), observed=Counts(11, 0, 0))) == ["too-much-change"] * 2


def test_a_deleted_row_that_is_restored_is_no_change():
    assert guards(settled(HUNDRED, warehouse=NOT_REPORTED)) == []


def test_sending_again_what_is_in_doubt_is_no_change():
    assert guards(*[state(n, in_doubt=True) for n in range(30)]) == []


def test_what_waits_in_the_outbox_is_not_judged_again():
    waiting = settled(HUNDRED, published=FIVE, queued=HUNDRED, queued_published=FIVE)

    assert guards(waiting) == []
    assert guards(replace(waiting, published=SIX)) == ["too-much-change"]


def test_held_conflicts_are_no_change():
    assert guards(*[settled(HUNDRED, observed=SIX, warehouse=FIVE)]) == []


# ---- how many old rows change -------------------------------------------------------------------------------------


def pulled(changed: int, existing: int) -> list[KeyState]:
    """Usage data moved in some of the rows; Graph shows the new value already."""
    moved = {"observed": SIX, "published": SIX}
    return [state(n, **(moved if n < changed else {})) for n in range(existing)]


def corrected(changed: int, existing: int) -> list[KeyState]:
    """The warehouse was corrected in some of the rows, so that Graph is to change and the warehouse is not."""
    return [state(n, **({"warehouse": SIX} if n < changed else {})) for n in range(existing)]


@pytest.mark.parametrize("side", [pulled, corrected])
@pytest.mark.parametrize(
    ("changed", "existing", "expected"),
    [
        pytest.param(5, 20, [], id="exactly the share is allowed"),
        pytest.param(6, 20, ["too-much-change"], id="one more is held"),
        pytest.param(19, 19, [], id="too few rows are not judged"),
        pytest.param(0, 40, [], id="no change is no finding"),
    ],
)
def test_each_side_is_held_when_more_than_its_share_of_old_rows_would_change(side, changed, existing, expected):
    assert guards(*side(changed, existing), newest_reconciled_on=SATURDAY) == expected


def test_rows_of_the_newest_date_are_judged_by_their_users_alone():
    assert guards(*pulled(30, 30), newest_reconciled_on=FRIDAY) == []


def test_new_and_retried_rows_are_no_changed_old_ones():
    retried = [state(n, published=SIX) for n in range(20)]
    fresh = [KeyState(Key(SATURDAY, f"P{n}"), "P", observed=FIVE, is_published=True) for n in range(30)]

    assert guards(*retried, *fresh, newest_reconciled_on=SATURDAY) == []


def test_rows_of_other_refresh_dates_do_not_hide_a_change():
    calm = [state(n, THURSDAY) for n in range(100)]

    assert guards(*pulled(20, 20), *calm, newest_reconciled_on=SATURDAY) == ["too-much-change"]


# ---- reports that contradict each other ---------------------------------------------------------------------------


def contradiction(detail: int, report: int, rows: int = 500, **seen: Counts) -> list[Finding]:
    observed = Counts(detail, 1, 1)
    size = ReportSize(Report.USER_DETAIL, FRIDAY, rows)
    near = {FRIDAY: day(THURSDAY, Counts(report - 1, 1, 1), Counts(1, 1, 1))}
    known = dict.fromkeys(("warehouse", "agreed"), observed) | seen if seen else {}
    lenient = replace(LIMITS, max_change_share=1.0)
    return list(findings(new(observed, **known), sizes=(size,), reported_near=near, limits=lenient))


@pytest.mark.parametrize(
    ("detail", "report", "held"),
    [
        pytest.param(300, 400, False, id="exactly the share is allowed"),
        pytest.param(299, 400, True, id="one less is held"),
        pytest.param(400, 299, True, id="either may be the larger"),
        pytest.param(1, 11, False, id="a few users are no contradiction"),
    ],
)
def test_user_detail_and_counts_report_must_not_contradict_each_other(detail, report, held):
    assert [finding.guard for finding in contradiction(detail, report)] == ["reports-disagree"] * held


def test_a_contradiction_is_named_with_both_sums():
    (finding,) = contradiction(47, 382)

    assert "user detail of 2026-11-20 says 47 assigned users" in finding.message
    assert "the counts report of 2026-11-19 382: further" in finding.message


@pytest.mark.parametrize(("rows", "is_hinted"), [(99, False), (100, True), (101, False)])
def test_exactly_a_hundred_rows_are_said_to_be_often_a_cut_report(rows, is_hinted):
    (finding,) = contradiction(47, 382, rows)

    assert ("detail of exactly 100 rows is often a cut report" in finding.message) is is_hinted


def test_usage_data_that_was_settled_is_not_said_to_contradict_again():
    assert contradiction(47, 382, observed_seen=Counts(47, 1, 1)) == []


# ---- dates that cannot be -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refreshed_on", "expected"),
    [
        pytest.param(date(2026, 11, 21), [], id="the day itself"),
        pytest.param(date(2026, 11, 22), [], id="it is tomorrow already somewhere"),
        pytest.param(date(2026, 11, 23), ["impossible-date"], id="the day after tomorrow"),
        pytest.param(date(2037, 1, 19), ["impossible-date"], id="2037"),
        pytest.param(date(2010, 1, 1), [], id="old but possible"),
        pytest.param(date(2009, 12, 31), ["impossible-date"], id="before such reports existed"),
        pytest.param(date(1, 1, 1), ["impossible-date"], id="year 1"),
    ],
)
def test_a_report_of_a_day_that_cannot_be_is_held(refreshed_on, expected):
    for report in Report:
        size = ReportSize(report, refreshed_on, 40)
        assert guards(sizes=(size,), as_of=SATURDAY) == expected


def test_an_impossible_date_is_named_with_its_report():
    (finding,) = findings(sizes=(ReportSize(Report.USER_DETAIL, date(2037, 1, 19), 40),), as_of=SATURDAY)

    assert finding.message.startswith("the user-detail report cannot be right: it is dated 2037-01-19, a day that has")
    assert "download it again" in finding.message


# ---- reports that shrank or are old -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "before", "expected"),
    [
        pytest.param(75, 100, [], id="exactly the share is allowed"),
        pytest.param(74, 100, ["report-shrank"], id="one row less is held"),
        pytest.param(1, 19, [], id="too few rows before are not judged"),
        pytest.param(1, None, [], id="the first report is not judged"),
        pytest.param(200, 100, [], id="a report may grow"),
        pytest.param(0, 3, ["report-shrank"], id="an empty report is held however small the one before"),
        pytest.param(0, 0, ["report-shrank"], id="an empty report is held after an empty one"),
        pytest.param(0, None, ["report-shrank"], id="an empty report is held the first time"),
    ],
)
def test_a_report_that_shrank_is_held(rows, before, expected):
    assert guards(sizes=(ReportSize(Report.USER_DETAIL, FRIDAY, rows, before),)) == expected


def test_a_shrunken_report_is_named_with_its_numbers_and_the_remedy():
    (finding,) = findings(sizes=(ReportSize(Report.USER_DETAIL, FRIDAY, 1_000, 250_000),))

    expected = "the user-detail report of 2026-11-20 has 1,000 rows, 249,000 fewer than the one before it (250,000)"
    assert finding.message.startswith(expected)
    assert "download it again" in finding.message


@pytest.mark.parametrize(
    ("observed_on", "newest", "expected"),
    [
        pytest.param(FRIDAY, SATURDAY, ["stale-report"], id="a day older is held"),
        pytest.param(SATURDAY, SATURDAY, [], id="the same report again is not"),
        pytest.param(SATURDAY, FRIDAY, [], id="a newer one is not"),
        pytest.param(FRIDAY, None, [], id="the first one is not"),
        pytest.param(None, SATURDAY, [], id="a replay has no report of tonight"),
    ],
)
def test_a_report_older_than_the_newest_reconciled_is_held(observed_on, newest, expected):
    assert guards(observed_on=observed_on, newest_reconciled_on=newest) == expected


def test_every_guard_raises_an_error_of_its_own():
    assert len(set(HELD_BY.values())) == len(HELD_BY)
    assert all(issubclass(error, HeldError) for error in HELD_BY.values())
