from datetime import date

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Key, KeyState, Limits, PlanInputs, Report, ReportSize
from activation_sync.core.rule.guards import HELD_BY, judge
from activation_sync.core.rule.reconcile import reconcile
from activation_sync.errors import HeldError

LIMITS = Limits(max_change_share=0.25, max_shrink_share=0.25, min_judged_rows=20)
FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
FIVE, SIX = Counts(5, 3, 1), Counts(6, 3, 1)


def state(number: int, refreshed_on: date = FRIDAY, **known: object) -> KeyState:
    calm = dict.fromkeys(("observed", "warehouse", "published", "agreed", "observed_seen"), FIVE)
    return KeyState(Key(refreshed_on, f"P{number}"), f"P{number}", **{**calm, "is_published": True, **known})


def findings(*states: KeyState, sizes: tuple[ReportSize, ...] = (), limits: Limits = LIMITS, **inputs: date | None):
    changes = reconcile(states, ConflictPolicy.HOLD)
    return judge(PlanInputs("contoso", states, sizes, **inputs), changes, limits)


def guards(*states: KeyState, **inputs: object) -> list[str]:
    return [finding.guard for finding in findings(*states, **inputs)]


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
def test_each_side_is_held_when_more_than_its_share_would_change(side, changed, existing, expected):
    assert guards(*side(changed, existing)) == expected


def test_both_sides_are_judged_apart_and_named_with_numbers_and_remedy():
    messages = [finding.message for finding in findings(*[state(n, observed=SIX) for n in range(20)])]

    assert [message.split(" would change in ")[0] for message in messages] == ["20 of 20 existing rows (100%)"] * 2
    assert ["warehouse:" in messages[0], "Graph:" in messages[1]] == [True, True]
    assert all("max_change_share = 0.25" in message and "approve" in message for message in messages)


def test_new_rows_are_no_change_of_existing_ones():
    assert guards(*[KeyState(Key(FRIDAY, f"P{n}"), "P", observed=FIVE, is_published=True) for n in range(30)]) == []


def test_rows_of_other_refresh_dates_do_not_hide_a_change():
    calm = [state(n, SATURDAY) for n in range(100)]

    assert guards(*pulled(20, 20), *calm) == ["too-much-change"]


def test_sending_again_what_is_in_doubt_is_no_change():
    assert guards(*[state(n, in_doubt=True) for n in range(30)]) == []


def test_held_conflicts_are_no_change():
    assert guards(*[state(n, observed=SIX, warehouse=Counts(9, 9, 9)) for n in range(30)]) == []


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
