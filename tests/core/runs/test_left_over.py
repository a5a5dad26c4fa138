"""Rows that somebody else changed in Graph are named, and nobody takes such a run for done."""

from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.rule.delivery import Delivery, LeftOver, Verification
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary, outcome_of, outcome_words
from activation_sync.core.runs.words import left_over_words

DAY = date(2026, 11, 19)
ONE = (LeftOver(DAY, "VISIO"),)
PLAN = PlanView("contoso", "a" * 64, DAY, pushed=2)


def test_a_run_that_left_a_row_over_is_unsettled():
    assert outcome_of(PLAN, Delivery(acknowledged=2), Verification(), 0) is Outcome.DONE
    assert outcome_of(PLAN, Delivery(acknowledged=1, left_over=ONE), Verification(), 0) is Outcome.UNSETTLED


@pytest.mark.parametrize(
    ("conflicts", "expected"),
    [
        (0, f"acknowledged by Graph. {left_over_words(ONE)}"),
        (2, f"acknowledged by Graph. 2 conflicts left open: see `resolve`. {left_over_words(ONE)}"),
    ],
)
def test_its_words_name_the_row_beside_whatever_else_is_open(conflicts, expected):
    plan = replace(PLAN, conflicts=conflicts)
    summary = RunSummary(plan, "run-1", DAY, Outcome.UNSETTLED, delivery=Delivery(acknowledged=1, left_over=ONE))
    assert outcome_words(summary).endswith(expected)


def test_many_rows_are_counted_and_the_first_are_named():
    words = left_over_words([LeftOver(DAY, f"P{number}") for number in range(7)])
    assert words.startswith(
        "Left 7 rows as Graph has them, because somebody else changed them there: P0 of 2026-11-19,"
    )
    assert "P4 of 2026-11-19 and 2 more. " in words
    assert "P5" not in words
    assert left_over_words(()) == ""
