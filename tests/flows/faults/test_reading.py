"""Whatever goes wrong on the way to a report, the night ends as if nothing had."""

from dataclasses import replace

import pytest

from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import outcome_words
from activation_sync.emulator import Fault
from tests.flows.conftest import DRIFT
from tests.support.faults import COUNTS, DETAIL, PLATFORMS, both_ways, script
from tests.support.sites.site import open_site

SETTINGS = {"longest_wait_s": 0.2}
NIGHTS = {
    "throttled": (
        {"longest_wait_s": 5},
        [
            (f"GET {COUNTS}", Fault(429, retry_after_s=1)),
            (f"GET {DETAIL}", Fault(429, retry_after_s=1, retry_after_form="http-date")),
            (f"GET {PLATFORMS}", Fault(429)),
            (f"download {COUNTS}", Fault(429, retry_after_s=1)),
            (f"download {PLATFORMS}", Fault(503, retry_after_s=1)),
        ],
    ),
    "failing": (
        SETTINGS,
        [
            ("discovery", Fault(503)),
            ("token", Fault(500, body="html")),
            (f"GET {COUNTS}", Fault(500, body="empty")),
            (f"GET {COUNTS}", Fault(502, body="html")),
            (f"GET {COUNTS}", Fault(503, body="empty")),
            (f"GET {DETAIL}", Fault(504)),
            (f"GET {DETAIL}", Fault(504, body="empty")),
            (f"GET {PLATFORMS}", Fault(503, body="html")),
            (f"download {DETAIL}", Fault(500)),
            (f"download {DETAIL}", Fault(502, body="html")),
            (f"download {DETAIL}", Fault(503)),
            (f"download {PLATFORMS}", Fault(504, body="empty")),
        ],
    ),
    "broken connections": (
        SETTINGS,
        [
            ("discovery", Fault(kind="cut-length")),
            ("token", Fault(kind="reset-before-answer")),
            (f"GET {COUNTS}", Fault(kind="reset-before-answer")),
            (f"GET {DETAIL}", Fault(kind="answer-lost")),
            (f"download {COUNTS}", Fault(kind="reset-within-body")),
            (f"download {COUNTS}", Fault(kind="reset-after-body")),
            (f"download {DETAIL}", Fault(kind="reset-before-answer")),
            (f"download {DETAIL}", Fault(kind="cut-length", after_bytes=1000)),
            (f"download {DETAIL}", Fault(kind="cut-chunked")),
            (f"download {DETAIL}", Fault(kind="reset-after-body")),
            (f"download {PLATFORMS}", Fault(kind="drip", pause_s=0.001)),
        ],
    ),
    "refused tokens and addresses": (
        SETTINGS,
        [
            (f"GET {COUNTS}", Fault(kind="expired-token")),
            (f"GET {DETAIL}", Fault(kind="claims-challenge")),
            (f"GET {PLATFORMS}", Fault(403, code="MissingCredentials", message="Valid header is needed.")),
            (f"download {COUNTS}", Fault(kind="expired-url"), 2),
            (f"download {DETAIL}", Fault(kind="expired-url"), 4),
        ],
    ),
}
SPOILT_PAGES = (
    Fault(kind="html"),
    Fault(kind="cut-clean"),
    Fault(kind="cut-chunked"),
    Fault(kind="reset-within-body"),
    Fault(502, body="empty"),
    Fault(429, retry_after_s=1),
)


@both_ways
@pytest.mark.parametrize(("settings", "night"), NIGHTS.values(), ids=NIGHTS)
def test_a_night_of_faults_ends_like_an_undisturbed_one(drifting, undisturbed, settings, night):
    drifting.configure(graph=settings)
    script(drifting, night)

    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


@both_ways
def test_a_storm_longer_than_a_worker_may_sleep_burns_no_retry(drifting, undisturbed):
    drifting.configure(sync={"retry_delays_s": []})
    script(drifting, [("token", Fault(429, retry_after_s=1)), (f"GET {DETAIL}", Fault(429, retry_after_s=1), 2)])

    assert drifting.sync().outcome is Outcome.DONE
    assert drifting.ending() == undisturbed(0)


def test_a_token_that_is_still_good_is_used_while_the_token_endpoint_is_down(tmp_path, undisturbed):
    """Told to renew it early, MSAL asks before every call; whatever it is answered, the good one must do."""
    scenario = replace(DRIFT, token_refresh_s=0)
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        site.sync()
        site.emulator.advance(days=1)
        script(site, [("token", Fault(503)), ("token", Fault(kind="html")), ("token", Fault(kind="cut-length"))])

        assert site.sync().outcome is Outcome.DONE
        assert site.ending() == undisturbed(0, 1)


def test_a_token_that_runs_out_between_two_nights_is_renewed(tmp_path, undisturbed):
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", DRIFT) as site:
        site.sync()
        site.emulator.advance(days=1, seconds=DRIFT.token_lifetime_s + 1)
        script(site, [("token", Fault(504, body="empty"))])

        assert site.sync().outcome is Outcome.DONE
        assert site.ending() == undisturbed(0, 1)


def test_pages_of_json_are_got_over_the_same_way(tmp_path, undisturbed):
    scenario = replace(DRIFT, page_users=50)
    with open_site(tmp_path, f"sqlite:///{tmp_path / 'warehouse.db'}", scenario) as site:
        site.configure(graph={"longest_wait_s": 0.2, "report_format": "json"}, sync={"retry_delays_s": [0.02] * 10})
        script(site, [(f"GET {DETAIL}", fault) for fault in SPOILT_PAGES])

        assert site.sync().outcome is Outcome.DONE
        assert site.ending() == undisturbed(0)


REFUSED = Fault(403, code="S2SUnauthorized", message="Invalid permission(s).")
GONE = Fault(404, code="ResourceNotFound", message="Resource not found.")


@both_ways
@pytest.mark.parametrize("answer", [REFUSED, GONE], ids=["refused", "not there"])
def test_a_tenant_without_a_report_that_a_night_can_do_without_has_its_night_and_the_run_says_so(
    drifting, undisturbed, answer
):
    script(drifting, [(f"GET {PLATFORMS}", answer)])

    without = drifting.sync()

    assert without.outcome is Outcome.DONE
    assert f"Went on without a report: The platform-counts report: Graph answered {answer.status}" in (
        outcome_words(without)
    )
    assert drifting.query("SELECT DISTINCT report FROM raw_report ORDER BY report") == [
        ("user-counts",),
        ("user-detail",),
    ]
    assert drifting.ending()["graph"] == undisturbed(0)["graph"]
    assert drifting.query("SELECT count(*) FROM activation_platform_count") == [(0,)]
    drifting.emulator.advance(days=1)
    assert drifting.sync().left_out == ()
    assert drifting.query("SELECT count(*) > 0 FROM activation_platform_count") == [(1,)]


@both_ways
@pytest.mark.parametrize("report", [COUNTS, DETAIL])
def test_a_tenant_without_a_report_that_every_night_needs_has_none(drifting, report):
    script(drifting, [(f"GET {report}", REFUSED)])

    summary = drifting.sync()

    assert (summary.outcome, "Graph answered 403" in summary.error) == (Outcome.FAILED, True)
    assert summary.left_out == ()
