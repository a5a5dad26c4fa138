from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import ConflictPolicy, Counts, Key, KeyState, PlanInputs
from activation_sync.core.rule.retry import SkipReason, plan_retry, unsent_words

KEY = Key(date(2026, 11, 19), "VISIO PRO")
REFUSED, CURRENT, SHOWN = Counts(5, 3, 1), Counts(6, 3, 1), Counts(4, 3, 1)
DEAD = KeyState(
    KEY,
    "Visio Pro",
    observed=REFUSED,
    warehouse=REFUSED,
    published=SHOWN,
    agreed=REFUSED,
    observed_seen=REFUSED,
    is_published=True,
    refused=REFUSED,
    refused_published=SHOWN,
)


def retried(**known):
    other = replace(DEAD, key=Key(KEY.refreshed_on, "PROJECT"))
    inputs = PlanInputs("contoso", (replace(DEAD, **known), other))
    return plan_retry(inputs, {KEY}, ConflictPolicy.HOLD)


@pytest.mark.parametrize("value", [REFUSED, CURRENT], ids=["unchanged", "corrected since"])
def test_a_dead_letter_is_offered_with_the_value_that_is_current_now(value):
    found = retried(warehouse=value)

    assert [(change.key, change.settled, change.is_pushed) for change in found.plan.changes] == [(KEY, value, True)]
    assert found.unsent == {}


@pytest.mark.parametrize(
    ("known", "why"),
    [
        pytest.param({"published": REFUSED}, SkipReason.PUBLISHED, id="Graph shows it by now"),
        pytest.param({"observed": Counts(7, 3, 1), "warehouse": CURRENT}, SkipReason.IN_CONFLICT, id="in conflict"),
        pytest.param({"published": Counts(), "is_published": False}, SkipReason.WAITING, id="no counts report yet"),
    ],
)
def test_a_dead_letter_that_cannot_be_sent_is_named(known, why):
    found = retried(**known)

    assert (found.plan.changes, found.unsent) == ((), {KEY: why})
    assert unsent_words(found.unsent) == [f"VISIO PRO, 2026-11-19: {why}"]


def test_only_a_dead_letter_that_nobody_needs_is_closed():
    assert retried(published=REFUSED).closed == {KEY}
    assert retried(observed=Counts(7, 3, 1), warehouse=CURRENT).closed == frozenset()
