"""What is said of updates that wait, and of an empty warehouse: true, and with the remedy."""

from datetime import date

import pytest

from activation_sync.core.rule.planned import Sending
from activation_sync.core.runs.words import (
    doing_words,
    empty_words,
    not_held_words,
    past_words,
    pending_words,
    queued_words,
)

OFF = "write-back is off (write_back.enabled = true turns it on)"
SYNC = "activation-sync sync contoso"


@pytest.mark.parametrize(
    ("pending", "is_on", "is_offered", "words"),
    [
        (0, False, True, ""),
        (1, True, True, f"1 update pending: the next sync sends it; to send now: {SYNC}"),
        (3, True, True, f"3 updates pending: the next sync sends them; to send now: {SYNC}"),
        (3, False, True, f"3 updates pending: {OFF}"),
        (
            *(3, True, False),
            "3 updates pending: this Graph does not offer the write-back resource; fix write_back.path, or leave them",
        ),
    ],
)
def test_status_says_what_to_do_about_pending_updates(pending, is_on, is_offered, words):
    assert pending_words(pending, is_on, SYNC, is_offered=is_offered) == words


@pytest.mark.parametrize(
    ("updates", "is_on", "words"),
    [
        (0, True, ""),
        (1, True, f"The next sync sends it to Graph; to send now: {SYNC}"),
        (2, True, f"The next sync sends the 2 updates to Graph; to send now: {SYNC}"),
        (1, False, f"1 update waits in the outbox: {OFF}"),
        (2, False, f"2 updates wait in the outbox: {OFF}"),
    ],
)
def test_what_a_person_queued_is_promised_only_while_write_back_is_on(updates, is_on, words):
    assert queued_words(updates, is_on, SYNC) == words


@pytest.mark.parametrize(
    ("sending", "is_on", "words"),
    [
        (Sending.NOW, True, "Writes 1 row and sends 2 updates"),
        (Sending.NOW, False, f"Writes 1 row and queues 2 updates: {OFF}"),
        (Sending.WOULD, True, "Would write 1 row and send 2 updates"),
        (Sending.WOULD, False, f"Would write 1 row and queue 2 updates: {OFF}"),
    ],
)
def test_a_plan_that_is_only_looked_at_would_send(sending, is_on, words):
    assert doing_words(1, 2, sending, is_write_back_on=is_on) == words


def test_nothing_to_send_needs_no_word_about_write_back():
    assert doing_words(1, 0, Sending.WOULD, is_write_back_on=False) == "Would write 1 row and send 0 updates"


def test_rows_of_past_dates_are_one_line_with_the_true_remedy():
    dates = [date(2026, 10, day) for day in (1, 2, 3, 9)]
    assert past_words(12, dates) == (
        " 12 rows wait for the user counts report of 4 past dates 2026-10-01..2026-10-03, 2026-10-09, which Graph no "
        "longer serves: import the user counts reports of these 4 dates, or leave them."
    )
    assert past_words(0, []) == ""


def test_an_empty_warehouse_is_called_empty():
    assert empty_words(SYNC) == f"the warehouse is empty: nothing has been reconciled yet; first: {SYNC}"


def test_an_approval_that_nothing_needed_is_named_by_its_beginning():
    assert not_held_words("a" * 64) == f"Nothing was held, so the approval {'a' * 12} was not needed."
