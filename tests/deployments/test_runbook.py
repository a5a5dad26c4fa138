"""Every command that the documents tell people to type can be typed."""

import pytest

from tests.support.command_lines import DEPLOYMENTS, ROOT, commands_in, complaint_about

DOCUMENTS = (DEPLOYMENTS / "RUNBOOK.md", ROOT / "README.md")
TYPED = sorted({" ".join(words): words for file in DOCUMENTS for words in commands_in(file.read_text("utf-8"))}.items())


@pytest.mark.parametrize(("line", "words"), TYPED)
def test_a_documented_command_exists_with_its_options(line, words):
    assert complaint_about(words) == ""


def test_there_are_many():
    assert len(TYPED) > 30


def test_a_command_that_does_not_exist_is_noticed():
    [words] = commands_in("`activation-sync sink --now`")
    assert "No such command 'sink'" in complaint_about(words)
