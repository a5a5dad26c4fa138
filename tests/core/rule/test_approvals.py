"""A person who approves means exactly one held plan, and from then on its whole digest."""

from datetime import UTC, datetime

import pytest

from activation_sync.core.rule.approvals import HeldPlan, choose_digest
from activation_sync.errors import ChoiceError

ONE, OTHER = (HeldPlan("contoso", f"0123456789ab{end * 52}", datetime(2026, 11, 21, 2, 0, tzinfo=UTC)) for end in "cd")


def test_the_beginning_of_one_held_plan_is_its_whole_digest():
    assert choose_digest("0123456789ab", [ONE], [ONE]) == ONE.digest


def test_of_two_plans_that_begin_alike_none_is_meant_and_both_are_listed_whole():
    with pytest.raises(ChoiceError, match="2 held plans begin with 0123456789ab") as refused:
        choose_digest("0123456789ab", [ONE, OTHER], [ONE, OTHER])

    assert ONE.digest in str(refused.value)
    assert OTHER.digest in str(refused.value)


def test_what_no_held_plan_begins_with_lists_those_that_are_held():
    with pytest.raises(ChoiceError, match="0123456789ab of contoso, 2026-11-21 02:00 UTC"):
        choose_digest("ffffffffffff", [], [ONE])
    with pytest.raises(ChoiceError, match="none was ever held"):
        choose_digest("ffffffffffff", [], [])


def test_too_little_of_a_digest_means_no_plan():
    with pytest.raises(ChoiceError, match="too little"):
        choose_digest("0123456", [ONE], [ONE])
