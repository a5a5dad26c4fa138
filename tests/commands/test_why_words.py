"""What `why` says of Graph's answers, said once."""

import pytest

from commands.why import heard_words

ECHOED = "Graph answered 200, but the change is not in it: assigned 10 instead of 12"


@pytest.mark.parametrize(
    ("status", "note", "expected"),
    [
        pytest.param(204, "acknowledged: ", "Graph answered 204: acknowledged", id="acknowledged"),
        pytest.param(
            400,
            "dead: Graph answered 400 (BadRequest: no such row)",
            "Graph answered 400 (BadRequest: no such row); the update is dead",
            id="refused",
        ),
        pytest.param(200, f"pending: {ECHOED}", f"{ECHOED}; the update is pending", id="not-applied"),
        pytest.param(
            200,
            f"dead: accepted but not applied: {ECHOED}",
            f"accepted but not applied: {ECHOED}; the update is dead",
            id="given-up",
        ),
        pytest.param(
            412,
            "acknowledged: its row shows these values already",
            "Graph answered 412: acknowledged: its row shows these values already",
            id="settled-by-reading",
        ),
        pytest.param(
            200,
            "late: acknowledged, when the row was dead",
            "Graph answered 200: late: acknowledged, when the row was dead",
            id="late",
        ),
        pytest.param(None, "", "Graph did not answer", id="no-answer"),
    ],
)
def test_an_answer_is_said_once(status: int | None, note: str, expected: str) -> None:
    words = heard_words(status, note)

    assert words == expected
    assert words.count("Graph answered") == (status is not None)
