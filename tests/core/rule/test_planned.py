"""What is shown of a plan, as values."""

from datetime import date

from activation_sync.core.model import Counts, Decision, Key, KeyState, Limits, Measure, PlanInputs
from activation_sync.core.pages.plan_view import plan_words, view_plan
from activation_sync.core.rule.plan import make_plan
from activation_sync.core.rule.planned import PlannedMeasure, Sending, shown_changes, waits_in_vain

OLD, NEW = date(2026, 10, 1), date(2026, 11, 19)
SETTLED = Counts(5, 1, 0)


def state(on: date, product: str = "VISIO", **known) -> KeyState:
    """A row on which all is settled, and of which Graph has published nothing."""
    calm = dict.fromkeys(("observed", "warehouse", "agreed", "observed_seen"), SETTLED)
    return KeyState(Key(on, product), product.title(), **calm | known)


def plan(*states: KeyState, served_on: date | None = NEW):
    return make_plan(PlanInputs("contoso", states, served_on=served_on), Limits())


def test_a_row_that_only_waits_for_a_report_that_graph_no_longer_serves_is_counted_and_not_listed():
    view = view_plan(plan(state(OLD), state(OLD, "PROJECT"), state(NEW)))

    assert (view.waiting, view.waiting_past, view.waiting_past_on) == (3, 2, (OLD,))
    assert [change.refreshed_on for change in view.changes] == [NEW]
    assert "import the user counts report of this date, or leave them." in plan_words(view)


def test_until_graph_served_a_newer_report_the_row_is_waited_for():
    for served_on in (None, OLD):
        view = view_plan(plan(state(OLD), served_on=served_on))
        assert (view.waiting, view.waiting_past, len(view.changes)) == (1, 0, 1)
        assert view.table[0]["Graph"] == f"waits for the user counts report of {OLD}"


def test_a_correction_of_a_past_date_is_listed_with_what_to_do():
    view = view_plan(plan(state(OLD, warehouse=Counts(7, 1, 0))))

    assert [row["Graph"] for row in view.table] == [
        f"waits for the user counts report of {OLD}: Graph no longer serves it, import it"
    ]


def test_a_row_that_does_not_wait_is_never_waited_for_in_vain():
    made = plan(state(OLD, is_published=True))
    assert [waits_in_vain(made, change) for change in made.changes] == [False]


def test_a_change_holds_numbers_of_every_side():
    [change] = shown_changes(plan(state(NEW, observed=Counts(6, 1, None), is_published=True)), 200)

    assert change.measures[0] == PlannedMeasure(Measure.ASSIGNED, Decision.PULL, 5, 5, 6, 5, None, 6)
    assert (change.is_written, change.is_pushed, change.is_conflict) == (True, True, False)


def test_so_many_changes_are_shown_and_no_more():
    made = plan(*(state(NEW, f"P{number}") for number in range(5)))
    assert len(shown_changes(made, 3)) == 3


def test_the_plan_says_what_it_would_do_as_long_as_nobody_does_it():
    made = plan(state(NEW, observed=Counts(6, 1, 0), is_published=True))

    assert "Would write 1 row and send 1 update." in plan_words(view_plan(made, Sending.WOULD))
    assert "Writes 1 row and sends 1 update." in plan_words(view_plan(made))
    assert "queues 1 update: write-back is off" in plan_words(view_plan(made, is_write_back_on=False))
