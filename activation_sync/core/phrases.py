"""A few words that many texts share."""

SHOWN_DIGEST_CHARS = 12


def short_digest(digest: str) -> str:
    """A plan's digest as people read and type it."""
    return digest[:SHOWN_DIGEST_CHARS]


def rows_words(count: int, noun: str = "row") -> str:
    """A number and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
