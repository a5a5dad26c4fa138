"""Words that many texts share: numbers with their noun, lists, and commands that can be pasted."""

import shlex

import pytest

from activation_sync.core.phrases import command_line, listed_words, our_command, rows_words, wait_words

WORDS = ("activation-sync", "--config", "/home/a b/it's.toml", "why", "VISIO PRO", "--reason", "$HOME; `rm`")


def test_one_is_singular_and_thousands_have_their_comma():
    assert [rows_words(n, "conflict") for n in (0, 1, 1234)] == ["0 conflicts", "1 conflict", "1,234 conflicts"]
    assert [wait_words(n) for n in (1, 2)] == ["1 row waits", "2 rows wait"]


def test_a_list_says_how_many_more_there_are():
    assert listed_words(["a", "b"], 2) == "a, b"
    assert listed_words(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listed_words([]) == ""


def test_a_printed_command_pasted_into_a_shell_is_the_same_words_again():
    assert tuple(shlex.split(command_line(*WORDS, platform="linux"))) == WORDS
    assert our_command("sync", "contoso") == "activation-sync sync contoso"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("contoso", "contoso"),
        ("C:\\Users\\Ada Lovelace\\activation-sync.toml", '"C:\\Users\\Ada Lovelace\\activation-sync.toml"'),
        ("C:\\jobs\\activation-sync.toml", "C:\\jobs\\activation-sync.toml"),
        ('a "b"', '"a \\"b\\""'),
    ],
)
def test_windows_gets_the_quotes_that_it_understands(word, quoted):
    assert command_line("why", word, platform="win32") == f"why {quoted}"
