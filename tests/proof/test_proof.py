"""The short form of `make proof`: the same proof with fewer moments, walks and rows."""

import pytest

from tests.proof.ground import Ground
from tests.proof.parts import BATCH, DELIVERS, crash_points, long_delivery, some, walks

SEED = 20
MOMENTS, DELIVERING_MOMENTS, ROWS = 20, 8, 200
WALKS = (3, 4)


def test_a_night_killed_anywhere_and_run_again_ends_like_one_that_nobody_disturbed(ground: Ground) -> None:
    part = crash_points(ground, 1, some(MOMENTS, SEED))

    assert part.breaches == ()


def test_so_does_one_that_is_killed_while_it_delivers_in_batches(ground: Ground) -> None:
    part = crash_points(ground, BATCH, some(DELIVERING_MOMENTS, SEED), since=DELIVERS)

    assert part.breaches == ()


@pytest.mark.parametrize("batch_size", [1, BATCH])
def test_a_worker_killed_in_the_middle_repeats_only_what_was_in_flight(ground: Ground, batch_size: int) -> None:
    part = long_delivery(ground, batch_size, SEED, ROWS)

    assert part.breaches == ()


def test_whatever_happened_at_once_graph_and_warehouse_agree_in_the_end(ground: Ground) -> None:
    part = walks(ground, WALKS)

    assert part.breaches == ()
