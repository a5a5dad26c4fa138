"""The log of a run tells what was expected once, and what was not with its traceback."""

import logging

import pytest
from prefect.exceptions import MissingResult

from activation_sync.errors import CredentialError, TenantsAmissError, TooMuchChangeError
from tasks.log import is_news, is_news_of_step
from tasks.policy import putting_off


def record(text: str, error: Exception | None = None, level: int = logging.ERROR, **marks: bool) -> logging.LogRecord:
    exc_info = (type(error), error, None) if error else None
    line = logging.LogRecord("prefect", level, __file__, 1, text, (), exc_info)
    vars(line).update(marks)
    return line


@pytest.mark.parametrize(
    "error",
    [
        TooMuchChangeError("382 users -> 47", "a" * 64),
        CredentialError("the secret has expired"),
        TenantsAmissError("3 tenants: 1 held, 2 done."),
        MissingResult("State data is missing."),
    ],
)
def test_an_expected_error_has_no_traceback(error: Exception) -> None:
    line = record("Encountered exception during execution", error)

    assert not is_news(line)
    assert not is_news_of_step(line)


def test_a_bug_keeps_its_traceback() -> None:
    line = record("Encountered exception during execution", KeyError("assigned"))

    assert is_news(line)
    assert is_news_of_step(line)


@pytest.mark.parametrize(
    ("line", "alone", "shared"),
    [
        pytest.param(record("delivered: 3", level=logging.INFO, is_step_line=True), True, False, id="what-a-step-did"),
        pytest.param(record("left out", level=logging.WARNING, is_step_line=True), True, True, id="a-warning"),
        pytest.param(record("will start in 2 s", level=logging.INFO), True, True, id="a-retry"),
        pytest.param(record("Finished in state Completed()", level=logging.INFO), False, False, id="a-state"),
    ],
)
def test_where_tenants_share_a_run_steps_tell_only_warnings(line: logging.LogRecord, alone: bool, shared: bool) -> None:
    assert is_news_of_step(line) is alone
    with putting_off():
        assert is_news_of_step(line) is shared
