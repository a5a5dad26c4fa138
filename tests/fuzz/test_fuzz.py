"""Whatever comes in, only our own errors come out. `make fuzz` feeds a million inputs."""

from random import Random

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.run import feed
from tests.fuzz.targets import TARGETS

INPUTS = 1_500


@pytest.mark.parametrize("target", TARGETS)
def test_only_our_own_errors_come_out(target):
    assert list(feed(target, range(INPUTS))) == []


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_fed_unchanged_is_taken(target):
    """Or the fuzzing would only ever reach the first refusal."""
    take, good = TARGETS[target]
    take(good[0])


def test_an_input_is_made_again_from_its_seed():
    _, good = TARGETS["bodies"]
    first, again = ([mutated(good, Random(n)) for n in range(50)] for _ in range(2))  # noqa: S311  chance, not secrecy
    assert first == again
