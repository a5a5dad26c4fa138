"""Whatever becomes of a PATCH, Graph ends with the planned values, or the run says for which rows it did not."""

from dataclasses import replace

import pytest

from activation_sync.core.rule.delivery import LeftOver
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import outcome_words
from activation_sync.emulator import Fault
from tests.flows.conftest import DRIFT
from tests.support.faults import BATCH, READ_BACK, Night, both_ways, script
from tests.support.sites.site import PATCH

PRODUCTS = DRIFT.products


def each_row(*faults: Fault) -> Night:
    """The first fault for the PATCH of the first product, the second for that of the second, and so on."""
    return [(PATCH, replace(fault, product=product)) for fault, product in zip(faults, PRODUCTS, strict=False)]


NIGHTS = {
    "throttled": each_row(
        Fault(429, retry_after_s=1), Fault(429, retry_after_s=1, retry_after_form="http-date"), Fault(429), Fault(503)
    ),
    "failing": each_row(
        Fault(500, body="empty"),
        Fault(502, body="html"),
        Fault(503, body="html"),
        Fault(504),
        Fault(500),
        Fault(kind="html"),
    ),
    "broken connections": each_row(
        Fault(kind="reset-before-answer"),
        Fault(kind="answer-lost"),
        Fault(kind="reset-within-body"),
        Fault(kind="reset-after-body"),
        Fault(kind="cut-length"),
        Fault(kind="cut-chunked"),
    ),
    "once only": [
        *each_row(Fault(kind="expired-token"), Fault(kind="claims-challenge"), Fault(409)),
        (PATCH, Fault(412, product=PRODUCTS[5])),
        (PATCH, Fault(kind="cut-clean", product=PRODUCTS[3])),
        (PATCH, Fault(kind="ignored", product=PRODUCTS[4]), 2),
        (READ_BACK, Fault(429, retry_after_s=1)),
        (READ_BACK, Fault(502, body="html")),
        (READ_BACK, Fault(kind="cut-chunked")),
    ],
}
ENVELOPES: Night = [
    (BATCH, Fault(429, retry_after_s=1)),
    (BATCH, Fault(504, body="empty")),
    (BATCH, Fault(kind="html")),
    (BATCH, Fault(kind="answer-lost")),
    (BATCH, Fault(kind="cut-clean")),
    (BATCH, Fault(kind="claims-challenge")),
]
NOT_OFFERED = (
    Fault(400, message="Resource not found for the segment 'office365ActivationsUserCounts'."),
    Fault(404, body="empty"),
    Fault(405),
    Fault(501),
)


@both_ways
@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_a_night_of_faults_ends_like_an_undisturbed_one(drifting, undisturbed, night):
    script(drifting, night)

    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@pytest.mark.parametrize(("warehouse_url", "batch_size"), [("postgresql", 4)], indirect=["warehouse_url"])
def test_a_batch_that_fails_as_a_whole_is_sent_again(drifting, undisturbed):
    script(drifting, ENVELOPES)

    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_a_storm_longer_than_a_worker_may_sleep_burns_no_retry(drifting, undisturbed):
    drifting.configure(sync={"retry_delays_s": []})
    script(drifting, [(PATCH, Fault(429, retry_after_s=1, product=PRODUCTS[0]), 3)])

    summary = drifting.sync()

    assert summary.outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_rows_refused_for_good_are_dead_letters_and_the_others_are_delivered(drifting, undisturbed):
    """Each is kept with Graph's answer, and not sent again until its value changes."""
    refused = {400: 1, 404: 1, 409: 2}
    script(
        drifting, [(*row, times) for row, times in zip(each_row(*map(Fault, refused)), refused.values(), strict=True)]
    )
    script(drifting, [(PATCH, Fault(kind="ignored", product=PRODUCTS[3]), 3)])

    summary = drifting.sync()

    assert (summary.outcome, summary.dead_letters, summary.delivery.acknowledged) == (Outcome.UNSETTLED, 4, 2)
    assert {row[1] for row in drifting.graph_rows() ^ drifting.warehouse_rows()} == set(map(str.upper, PRODUCTS[:4]))
    dead = drifting.query(
        "SELECT status, attempts, request_id, answer FROM outbox WHERE state = 'dead' ORDER BY status"
    )
    assert [letter[:2] for letter in dead] == [(200, 3), (400, 1), (404, 1), (409, 1)]
    assert {letter[2] for letter in dead} <= {served.request_id for served in drifting.patches()}
    assert dead[0][3].startswith("accepted but not applied")

    sent = len(drifting.patches())
    assert drifting.sync().outcome is Outcome.UNSETTLED
    assert len(drifting.patches()) == sent

    drifting.execute("UPDATE activation_user_count SET assigned = assigned + 1")
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.graph_rows() == drifting.warehouse_rows()


@both_ways
def test_a_row_that_somebody_else_changed_and_one_that_was_only_echoed_are_sent_by_the_next_run(drifting, undisturbed):
    """The first is named, and not overwritten before a plan has seen what Graph holds."""
    script(drifting, each_row(Fault(kind="overtaken"), Fault(kind="echoed")))

    summary = drifting.sync()

    assert (summary.outcome, summary.delivery.superseded, summary.verification.different) == (Outcome.UNSETTLED, 1, 1)
    [left_over] = summary.delivery.left_over
    assert left_over == LeftOver(drifting.emulator.refreshed_on, PRODUCTS[0].upper())
    assert f"somebody else changed it there: {left_over.product} of {left_over.refreshed_on}." in outcome_words(summary)
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_a_graph_without_write_back_is_asked_no_further_and_the_rest_completes(drifting, undisturbed, batch_size):
    drifting.configure(write_back={"in_flight": 1})
    asked = 1 if batch_size == 1 else len(PRODUCTS)
    for night, fault in enumerate(NOT_OFFERED, start=1):
        script(drifting, [(PATCH, fault, asked)])

        summary = drifting.sync()

        assert (summary.outcome, summary.delivery.pending) == (Outcome.NOT_OFFERED, len(PRODUCTS))
        assert len(drifting.patches()) == night * asked
        assert drifting.ending()["warehouse"] == undisturbed(0)["warehouse"]
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_a_forbidden_write_back_fails_the_run_at_once_and_is_delivered_when_allowed(drifting, undisturbed, batch_size):
    drifting.configure(write_back={"in_flight": 1})
    asked = 1 if batch_size == 1 else len(PRODUCTS)
    script(drifting, [(PATCH, Fault(403), asked)])

    summary = drifting.sync()

    assert summary.outcome is Outcome.FAILED
    assert "403" in summary.error
    assert len(drifting.patches()) == asked
    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)
