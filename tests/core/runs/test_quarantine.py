"""Who fails night after night is left alone and tried now and then; a common outage says nothing about anybody."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.quarantine import (
    NIGHTS,
    TRIED_AGAIN_AFTER,
    Quarantine,
    Turnout,
    is_its_own,
    quarantine_of,
)
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.errors import (
    ConfigError,
    CredentialError,
    GraphBusyError,
    GraphRefusedError,
    LandingError,
    LeaseLostError,
    ReportFormatError,
    SchemaVersionError,
    TenantBusyError,
    WarehouseBusyError,
    WarehouseError,
    WorkerLostError,
)

FIRST = date(2026, 11, 1)
CALM, OUTAGE = Turnout(ran=100, failed=3), Turnout(ran=100, failed=51)


def nights(*offsets: int) -> list[date]:
    return [FIRST + timedelta(days=offset) for offset in offsets]


def quarantine(failed_on: list[date], outages: list[date] = ()) -> Quarantine | None:  # type: ignore[assignment]
    return quarantine_of(failed_on, {night: OUTAGE if night in outages else CALM for night in failed_on})


@pytest.mark.parametrize(
    ("failed_on", "expected"),
    [
        pytest.param([], None, id="never"),
        pytest.param([0, 1], None, id="two-nights"),
        pytest.param([0, 0, 1, 1], None, id="several-times-in-two-nights"),
        pytest.param([0, 1, 2], (2, 9), id="three-nights"),
        pytest.param([2, 0, 1, 9], (2, 16), id="tried-again-and-failed"),
        pytest.param([0, 4, 8], (8, 15), id="nights-on-which-it-ran-need-not-be-neighbours"),
    ],
)
def test_three_nights_of_failures_leave_a_tenant_out_for_a_week(failed_on, expected):
    found = quarantine(nights(*failed_on))

    assert found == (Quarantine(*nights(*expected)) if expected else None)


def test_a_tenant_is_tried_again_on_its_day_and_on_every_one_after_until_it_was():
    found = Quarantine(*nights(2, 9))

    assert [found.is_due(night) for night in nights(8, 9, 10)] == [False, True, True]


def test_a_night_on_which_most_failed_says_nothing_about_one():
    assert quarantine(nights(0, 1, 2), outages=nights(1)) is None
    assert quarantine(nights(0, 1, 2, 3), outages=nights(1)) == Quarantine(*nights(3, 10))


@pytest.mark.parametrize(
    ("turnout", "is_outage"),
    [
        pytest.param(Turnout(1, 1), True, id="the-only-tenant"),
        pytest.param(Turnout(2, 1), False, id="one-of-two"),
        pytest.param(Turnout(5_000, 2_501), True, id="most-of-thousands"),
    ],
)
def test_an_outage_is_a_night_on_which_more_than_half_of_all_tenants_failed(turnout: Turnout, is_outage: bool):
    assert turnout.is_outage is is_outage


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_outages_alone_never_put_anybody_in_quarantine(failed_on: set[int], outages: set[int]):
    found = quarantine(nights(*failed_on), outages=nights(*outages))

    assert (found is not None) == (len(failed_on - outages) >= NIGHTS)
    if found:
        assert found.tried_again_on == max(nights(*failed_on - outages)) + TRIED_AGAIN_AFTER


@pytest.mark.parametrize(
    ("kind", "is_own"),
    [
        (CredentialError, True),
        (GraphRefusedError, True),
        (ReportFormatError, True),
        (WorkerLostError, True),
        (GraphBusyError, False),
        (TenantBusyError, False),
        (WarehouseBusyError, False),
        (WarehouseError, False),
        (LandingError, False),
        (SchemaVersionError, False),
        (LeaseLostError, False),
        (ConfigError, False),
        (KeyError, False),
    ],
)
def test_bad_days_of_graph_and_of_our_own_side_are_not_the_tenants_fault(kind: type[Exception], is_own: bool):
    assert is_its_own(RunSummary(PlanView("contoso"), "", FIRST, Outcome.FAILED, error_kind=kind.__name__)) is is_own


@pytest.mark.parametrize("kept", ["CredentialError", "GraphRefusedError", "ReportFormatError", "WorkerLostError"])
def test_the_names_that_the_history_keeps_of_old_failures_still_count(kept: str):
    assert is_its_own(RunSummary(PlanView("contoso"), "", FIRST, Outcome.FAILED, error_kind=kept))
