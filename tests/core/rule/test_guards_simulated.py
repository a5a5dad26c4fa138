"""The guards, tried on tenants as they really live. Ordinary nights pass, disasters are held.

A whole run, of 200 tenants of each size and 60 nights (`python -m tests.support.simulated_nights 2000`), with the
guards' defaults. Disasters: held on a first night / on a later one, of 200.

    users | ordinary nights held | half file | largest product gone | nothing activated | 4 x as large | a quarter
    ------+----------------------+-----------+----------------------+-------------------+--------------+----------
        5 |      2,722 of 11,805 | 171 / 182 |             92 / 126 |         141 / 149 |    200 / 200 | 196 / 197
       12 |      2,061 of 11,791 | 198 / 199 |            140 / 187 |         181 / 183 |    200 / 200 | 200 / 200
       20 |        188 of 11,809 | 200 / 200 |            192 / 199 |         192 / 193 |    200 / 200 | 200 / 200
       30 |          1 of 11,791 | 200 / 200 |            199 / 200 |         198 / 198 |    200 / 200 | 200 / 200
    60 and|                      |           |                      |                   |              |
     more |          0 of 70,818 | all       |                  all |               all |          all | all

The sizes from 60 on are 60, 100, 300, 1,000, 10,000 and 200,000 users. Detail cut to 100 rows is held from 100 users
on, always; an older report always. The one night held of a tenant of 30 users: by then it had shrunk to two thirds of
that. A product that is gone and is not the largest moves too few users to be held: it is not reported, so nothing of it
is written or sent.
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
