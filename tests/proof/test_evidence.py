"""A proof that cannot fail proves nothing: what the judge of the proof must notice."""

from collections import Counter

import pytest

from tests.proof.evidence import Evidence, compare

OLD, NEW = ("2026-11-19", "Visio", 1, 1, 1), ("2026-11-19", "Visio", 2, 2, 2)


def evidence(*sent: tuple[object, ...], warehouse: str = "as it should be") -> Evidence:
    return Evidence({"warehouse": Counter([warehouse])}, sent)


def kinds(expected: Evidence, found: Evidence, in_flight: int = 1) -> set[str]:
    return {breach.kind for breach in compare(expected, found, in_flight)}


def test_nothing_is_said_of_two_nights_that_are_alike() -> None:
    assert kinds(evidence(NEW), evidence(NEW)) == set()


def test_a_patch_in_flight_may_be_repeated_and_no_other() -> None:
    assert kinds(evidence(NEW), evidence(NEW, NEW)) == set()
    assert kinds(evidence(NEW), evidence(NEW, NEW, NEW)) == {"invented"}


def test_a_row_that_differs_is_one_lost_and_one_invented() -> None:
    assert kinds(evidence(NEW), evidence(NEW, warehouse="otherwise")) == {"lost", "invented"}


@pytest.mark.parametrize("sent", [(NEW, OLD), (OLD, NEW, OLD, NEW)])
def test_a_value_that_comes_back_is_stale(sent: tuple[tuple[object, ...], ...]) -> None:
    assert "stale" in kinds(evidence(OLD, NEW), evidence(*sent), in_flight=9)


def test_a_patch_that_is_missing_is_lost() -> None:
    assert "lost" in kinds(evidence(OLD, NEW), evidence(OLD))
