"""How each tenant fares is said in one word, since when, why, and what to do; the most pressing first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activation_sync.core.runs.condition import Condition
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.quarantine import Quarantine
from activation_sync.core.runs.standing import (
    NAMED_TENANTS,
    LastRun,
    Standing,
    begun_since,
    fleet_rows,
    fleet_words,
    is_known,
    malformed,
    not_run,
    quarantine_words,
    standing_of,
    with_open_ends,
    worst_of,
)
from activation_sync.core.runs.summary import PlanView, RunSummary

NIGHT = date(2026, 11, 21)
BEGAN = datetime(2026, 11, 18, 1, 30, tzinfo=UTC)
STALE_AFTER = 7
QUARANTINE = Quarantine(date(2026, 11, 20), date(2026, 11, 27))


def last_run(outcome: Outcome = Outcome.DONE, **known: object) -> LastRun:
    summary = RunSummary(
        PlanView("contoso"), "r1", NIGHT, outcome, error="no way in" if outcome is Outcome.FAILED else ""
    )
    fresh = LastRun("contoso", outcome, NIGHT, BEGAN, NIGHT - timedelta(days=2), summary)
    return replace(fresh, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("last", "condition", "since"),
    [
        pytest.param(LastRun("contoso"), Condition.NEVER_RUN, None, id="never-run"),
        pytest.param(last_run(), Condition.FINE, BEGAN.date(), id="fine"),
        pytest.param(last_run(Outcome.NOTHING_NEW), Condition.FINE, BEGAN.date(), id="nothing-new"),
        pytest.param(last_run(Outcome.HELD), Condition.HELD, BEGAN.date(), id="held"),
        pytest.param(last_run(Outcome.UNSETTLED), Condition.UNSETTLED, BEGAN.date(), id="unsettled"),
        pytest.param(last_run(Outcome.NOT_OFFERED), Condition.NOT_OFFERED, BEGAN.date(), id="not-offered"),
        pytest.param(last_run(Outcome.PUT_OFF), Condition.PUT_OFF, BEGAN.date(), id="put-off"),
        pytest.param(last_run(Outcome.FAILED), Condition.FAILED, BEGAN.date(), id="failed"),
        pytest.param(last_run(Outcome.FAILED, quarantine=QUARANTINE), Condition.QUARANTINED, NIGHT, id="quarantined"),
        pytest.param(
            last_run(Outcome.FAILED, quarantine=replace(QUARANTINE, tried_again_on=NIGHT)),
            Condition.FAILED,
            BEGAN.date(),
            id="failed-when-tried-again",
        ),
        pytest.param(
            last_run(refreshed_on=NIGHT - timedelta(days=10)), Condition.STALE, NIGHT - timedelta(days=2), id="stale"
        ),
        pytest.param(
            last_run(unended_at=datetime(2026, 11, 21, 1, 30, tzinfo=UTC)), Condition.LOST, NIGHT, id="killed"
        ),
        pytest.param(
            last_run(unended_at=datetime(2026, 11, 21, 1, 30, tzinfo=UTC), is_alive=True),
            Condition.RUNNING,
            NIGHT,
            id="running",
        ),
    ],
)
def test_a_tenants_condition_follows_from_its_newest_run(last: LastRun, condition: Condition, since: date | None):
    standing = standing_of(last, NIGHT, STALE_AFTER)

    assert (standing.condition, standing.since) == (condition, since)
    assert bool(standing.remedy) is (condition is not Condition.FINE)


def test_a_stale_report_is_old_since_the_day_after_it_was_allowed_to_be():
    """On the last day on which it may be that old, nothing is said."""
    last = last_run(refreshed_on=NIGHT - timedelta(days=STALE_AFTER))

    assert standing_of(last, NIGHT, STALE_AFTER).condition is Condition.FINE
    assert standing_of(last, NIGHT + timedelta(days=1), STALE_AFTER).since == NIGHT + timedelta(days=1)


def test_quarantine_says_why_since_when_and_until_when():
    words = quarantine_words(last_run(Outcome.FAILED, quarantine=QUARANTINE))

    assert "no way in" in words
    assert "2026-11-20" in words
    assert "2026-11-27" in words
    assert quarantine_words(last_run()) == ""


def test_the_table_begins_with_the_most_pressing_and_of_these_with_the_longest_lasting():
    standings = [
        Standing("fine", Condition.FINE, NIGHT),
        Standing("new", Condition.FAILED, NIGHT, "no way in"),
        Standing("old", Condition.FAILED, NIGHT - timedelta(days=9)),
        Standing("held", Condition.HELD, NIGHT),
        Standing("never", Condition.NEVER_RUN),
    ]

    rows = fleet_rows(standings)

    assert [row["tenant"] for row in rows] == ["old", "new", "held", "never", "fine"]
    assert rows[1] | {"remedy": ""} == {
        "tenant": "new",
        "condition": "failed",
        "since": "2026-11-21",
        "why": "no way in",
        "remedy": "",
    }
    assert "activation-sync check new" in rows[1]["remedy"]


def test_who_had_no_turn_tonight_is_not_fine_and_who_fares_worse_is_named_by_that():
    yesterday = NIGHT - timedelta(days=1)
    fine = Standing("fine", Condition.FINE, yesterday, ran_for=NIGHT)
    missed = Standing("missed", Condition.FINE, yesterday, ran_for=yesterday)
    failed = Standing("failed", Condition.FAILED, yesterday, ran_for=yesterday)

    assert [one.condition for one in not_run([fine, missed, failed], NIGHT)] == [
        Condition.FINE,
        Condition.NOT_RUN,
        Condition.FAILED,
    ]


def test_a_run_by_hand_that_was_killed_does_not_hide_a_quarantine():
    killed = last_run(Outcome.FAILED, quarantine=QUARANTINE, unended_at=BEGAN)

    assert standing_of(killed, NIGHT, 7).condition is Condition.QUARANTINED
    assert standing_of(replace(killed, is_alive=True), NIGHT, 7).condition is Condition.RUNNING


def test_a_failure_is_known_from_the_day_after_it_began_and_what_fails_no_run_is_no_such_trouble():
    failed = Standing("old", Condition.FAILED, NIGHT - timedelta(days=1))

    assert is_known(failed, NIGHT)
    assert not is_known(failed, NIGHT - timedelta(days=1))
    assert not is_known(replace(failed, condition=Condition.UNSETTLED), NIGHT)


def test_the_sentence_of_a_fleet_names_what_is_new_before_what_is_known():
    old = [Standing(f"old-{number}", Condition.FAILED, NIGHT - timedelta(days=9)) for number in range(NAMED_TENANTS)]

    words = fleet_words([*old, Standing("new", Condition.HELD, NIGHT)], NIGHT)

    assert words.startswith("6 tenants: 5 failed, 1 held. new: held, since 2026-11-21. old-0: ")
    assert words.endswith("And 1 more.")


def test_a_malformed_tenant_fails_whatever_its_last_run_says_and_since_then_if_that_failed_too():
    failed = Standing("contoso", Condition.FAILED, NIGHT, "no way in")

    assert malformed(Standing("contoso", Condition.FINE, NIGHT), "a mistake").since is None
    assert malformed(Standing("contoso", Condition.FINE, NIGHT), "a mistake").condition is Condition.FAILED
    assert malformed(failed, "a mistake") == replace(failed, why="a mistake")


@pytest.mark.parametrize(
    ("condition", "open_ends", "then"),
    [
        (Condition.FINE, 0, Condition.FINE),
        (Condition.FINE, 1, Condition.UNSETTLED),
        (Condition.STALE, 1, Condition.UNSETTLED),
        (Condition.HELD, 1, Condition.HELD),
        (Condition.RUNNING, 1, Condition.RUNNING),
    ],
)
def test_what_came_open_since_the_last_run_makes_a_tenant_unsettled(condition, open_ends, then):
    assert with_open_ends(Standing("contoso", condition, NIGHT), open_ends).condition is then


def test_the_worst_of_no_tenant_is_fine():
    assert worst_of([]) is Condition.FINE
    assert worst_of([Standing("a", Condition.STALE), Standing("b", Condition.HELD)]) is Condition.HELD


def test_told_is_of_whom_somebody_should_look_at_and_who_was_well_before():
    standings = [
        Standing("new", Condition.FAILED, NIGHT),
        Standing("old", Condition.FAILED, NIGHT - timedelta(days=1)),
        Standing("well", Condition.FINE, NIGHT),
        Standing("to-come", Condition.NEVER_RUN),
    ]

    assert [one.tenant for one in begun_since(standings, NIGHT)] == ["new"]


def test_the_sentence_counts_all_and_names_the_first_that_need_someone():
    failed = [Standing(f"tenant-{number}", Condition.FAILED, NIGHT) for number in range(NAMED_TENANTS + 2)]

    words = fleet_words([*failed, Standing("contoso", Condition.FINE, NIGHT)])

    assert words.startswith("8 tenants: 7 failed, 1 fine. tenant-0: failed, since 2026-11-21.")
    assert words.endswith("And 2 more.")
    assert "contoso" not in words


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_outcome_goes_unseen(outcome: Outcome):
    """Fine is a tenant whose newest run was done or had nothing to do, and no other."""
    condition = standing_of(last_run(outcome), NIGHT, STALE_AFTER).condition
    fine = {Outcome.DONE, Outcome.NOTHING_NEW, Outcome.ALREADY_DONE, Outcome.PREVIEWED}

    assert (condition is Condition.FINE) is (outcome in fine)
