"""What a run does about a row of which Graph says that it has changed (412)."""

from dataclasses import replace
from datetime import date

import pytest

from activation_sync.core.model import CountRow, Counts, Key
from activation_sync.core.rule.delivery import Answer, AnswerKind, CountUpdate, GraphRow, changed_since

KEY = Key(date(2026, 11, 19), "VISIO")
REPORTED, ACKNOWLEDGED, SENT = Counts(10, 8, 2), Counts(11, 8, 2), Counts(12, 9, 2)
UPDATE = CountUpdate(KEY, "Visio", SENT, "known-id", known=(REPORTED, ACKNOWLEDGED))
REFUSED = Answer(AnswerKind.SUPERSEDED, 412, "resourceModified", "request-1")


def held(counts, **known):
    row = CountRow(KEY.refreshed_on, KEY.product, "Visio", counts)
    return GraphRow(row, **{"graph_id": "its-id", "etag": 'W/"2"', **known})


@pytest.mark.parametrize("known", [REPORTED, ACKNOWLEDGED])
def test_a_row_that_shows_what_we_knew_is_sent_again_for_its_new_version(known):
    assert changed_since(UPDATE, REFUSED, held(known)) == replace(UPDATE, graph_id="its-id", etag='W/"2"')


def test_the_id_that_was_known_stays_where_the_row_gives_none():
    again = changed_since(UPDATE, REFUSED, held(REPORTED, graph_id=None))
    assert again == replace(UPDATE, etag='W/"2"')


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param(SENT, SENT, id="every-measure"),
        pytest.param(Counts(12, None, 2), Counts(12, 7, 2), id="a-measure-that-is-not-sent-does-not-matter"),
    ],
)
def test_a_row_that_shows_what_was_to_be_sent_is_settled(sent, shown):
    answer = changed_since(replace(UPDATE, counts=sent), REFUSED, held(shown))
    assert (answer.kind, answer.status, answer.graph_id) == (AnswerKind.ACKNOWLEDGED, 412, "its-id")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        pytest.param(Counts(50, 9, 2), "assigned 50, not 12", id="one-measure"),
        pytest.param(Counts(50, 60, 2), "assigned 50, not 12, activated 60, not 9", id="two-measures"),
        pytest.param(
            Counts(10, 8, 3),
            "assigned 10, not 12, activated 8, not 9, shared computers 3, not 2",
            id="known-but-for-one",
        ),
        pytest.param(Counts(None, 9, 2), "assigned -, not 12", id="gone"),
    ],
)
def test_a_value_that_we_did_not_know_is_left_and_told(shown, words):
    answer = changed_since(UPDATE, REFUSED, held(shown))
    assert (answer.kind, answer.seen, answer.request_id) == (AnswerKind.SUPERSEDED, shown, "request-1")
    assert f"somebody else changed its row: {words}" in answer.message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param(None, "its row could not be read", id="no-row"),
        pytest.param(held(REPORTED, etag=None), "its row has no ETag", id="no-etag"),
    ],
)
def test_without_row_or_etag_nothing_is_sent_and_nothing_is_learnt(row, words):
    answer = changed_since(UPDATE, REFUSED, row)
    assert (answer.kind, answer.seen, answer.message) == (
        AnswerKind.SUPERSEDED,
        None,
        f"resourceModified; {words}",
    )


def test_nothing_known_is_never_equal_to_a_value():
    blank = replace(UPDATE, known=(Counts(), Counts()))
    assert changed_since(blank, REFUSED, held(Counts(0, 0, 0))).seen == Counts(0, 0, 0)
