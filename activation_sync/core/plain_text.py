"""Text from outside as text: nothing in it moves a cursor, turns a line round, hides, or is refused by a database."""

import unicodedata

BREAKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
# control characters, format characters (zero-width and bidirectional ones among them), halves of characters
UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def plain_text(text: str) -> str:
    """The text on one line: breaks and tabs become spaces, characters that are not seen go."""
    return text if text.isprintable() else "".join(map(_plain, text))


def plain_lines(text: str) -> str:
    """The same, with its line breaks."""
    return "\n".join(map(plain_text, text.split("\n")))


def _plain(char: str) -> str:
    if char in BREAKS:
        return " "
    return "" if unicodedata.category(char) in UNSEEN else char
