"""Errors keep what they know when they go from one process to another."""

import pickle

from activation_sync.errors import ReportFormatError


def test_a_report_that_is_not_one_says_its_reason_and_the_remedy_apart():
    error = pickle.loads(pickle.dumps(ReportFormatError("line 2: a word.", "Download it again.")))  # noqa: S301  ours

    assert (str(error), error.reason, error.remedy) == (
        "line 2: a word. Download it again.",
        "line 2: a word.",
        "Download it again.",
    )


def test_a_reason_without_a_remedy_stands_alone():
    assert str(ReportFormatError("this is none of the three activation reports")).endswith("activation reports")
