"""All that is known of an outcome stands in its row, and everybody asks that row."""

from collections import Counter

import pytest

from activation_sync.core.runs.condition import Condition, Trouble
from activation_sync.core.runs.outcome import Outcome, most_pressing
from commands.support.exits import Exit, exit_of


def test_a_run_that_went_through_has_seen_everything():
    assert all(outcome.sees == frozenset(Trouble) for outcome in Outcome if outcome.went_through)


def test_a_night_is_done_by_the_runs_that_went_through_all_their_steps_and_by_no_others():
    through = {Outcome.DONE, Outcome.NOTHING_NEW, Outcome.UNSETTLED, Outcome.NOT_OFFERED}

    assert {outcome for outcome in Outcome if outcome.went_through} == through


def test_only_a_run_that_got_as_far_as_a_plan_ends_a_streak_of_failures():
    ends = {outcome for outcome in Outcome if outcome.ends_failures}

    assert ends == {Outcome.HELD, *(outcome for outcome in Outcome if outcome.went_through)}


def test_a_flow_run_fails_with_what_an_error_ended_and_with_nothing_else():
    assert {outcome for outcome in Outcome if outcome.fails_flow} == {Outcome.FAILED, Outcome.HELD}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_dashboard_names_each_outcome_by_a_state_of_its_own(outcome: Outcome):
    assert Counter(one.state_name for one in Outcome)[outcome.state_name] == 1


@pytest.mark.parametrize("outcome", list(Outcome))
def test_who_needs_someone_is_no_fine_tenant_and_no_success_of_a_command(outcome: Outcome):
    if outcome.needs_someone:
        assert outcome.condition.is_pressing
        assert exit_of([outcome]) is not Exit.DONE


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_kept_as_one_word_and_found_again_by_it(outcome: Outcome):
    assert Outcome(outcome.value) is outcome
    assert f"{outcome}" == outcome.value == outcome.name.lower().replace("_", "-")


def test_the_most_pressing_is_the_highest_row_of_the_table():
    assert [outcome.rank for outcome in Outcome] == list(range(len(Outcome)))
    assert most_pressing(reversed(Outcome)) is next(iter(Outcome))


def test_the_conditions_are_in_the_order_of_the_outcomes_that_lead_to_them():
    ranks = [outcome.condition.rank for outcome in Outcome]

    assert ranks == sorted(ranks)
    assert [condition.rank for condition in Condition] == list(range(len(Condition)))
