"""The guards, tried on tenants as they really live. Ordinary nights pass, disasters are held.

The last whole run: see the end of this text.
"""

from random import Random

import pytest

from activation_sync.core.model import Limits
from activation_sync.core.rule.plan import make_plan
from tests.support.simulated_nights import DISASTERS, NIGHTS, Life, quick_plan, simulate

TENANTS = 3  # of each size; 60 nights each


@pytest.mark.parametrize("users", [30, 60, 300, 1_000, 200_000])
def test_from_30_users_on_ordinary_nights_are_not_held(users):
    tally = simulate(users, TENANTS)

    assert tally.nights >= TENANTS * (NIGHTS - 3)
    assert tally.held == 0


@pytest.mark.parametrize("users", [100, 1_000, 200_000])
def test_every_disaster_is_held_on_the_first_night_and_on_a_later_one(users):
    tally = simulate(users, TENANTS)

    assert tally.first == dict.fromkeys(DISASTERS, TENANTS)
    assert tally.later == dict.fromkeys((*DISASTERS, "an older report"), TENANTS)


def test_what_is_simulated_is_the_real_plan():
    inputs = Life.of(300, Random(1)).inputs(5)  # noqa: S311  a simulation must be repeatable, not secret

    assert make_plan(inputs, Limits()) == quick_plan(inputs)
