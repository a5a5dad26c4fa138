"""What a terminal shows of text from outside is text: no colours, links, emoji or moves of its cursor."""

import pytest

from commands.support.console import print_table, say, say_error
from commands.support.tables import table_lines

EVIL = "a\x1b]8;;https://evil.example\x1b\\b\x1b[2J\u202e\x9b31m\rc [link=x]d[/link] :smile:"


def test_an_error_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    say_error(EVIL)
    shown = capsys.readouterr().err
    assert "[link=x]d[/link] :smile:" in shown.replace("\n", " ")
    assert not set("\x1b\x9b\r\u202e") & set(shown)


def test_a_line_keeps_its_breaks_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b[2J\ntwo\u200b")
    assert capsys.readouterr().out == "one[2J\ntwo\n"


def test_a_table_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", [{"product": EVIL}])
    shown = capsys.readouterr().out
    assert "[link=x]d[/link] :smile:" in shown
    assert not set("\x1b\x9b\r\u202e") & set(shown)
    assert all(line.isprintable() for line in table_lines([{"product": EVIL}], (), 80))
