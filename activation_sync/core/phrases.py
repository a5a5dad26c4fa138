"""A few words that many texts share."""

SHOWN_DIGEST_CHARS = 12
MAX_REASON_CHARS = 200


def short_digest(digest: str) -> str:
    """A plan's digest as people read and type it."""
    return digest[:SHOWN_DIGEST_CHARS]


def rows_words(count: int, noun: str = "row") -> str:
    """A number and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def reason_problems(reason: str, act: str) -> list[str]:
    """What is wrong with the reason that a person gives. act: what it is for, with its article."""
    if not reason.strip():
        return [f"{act} needs a reason: it stands in the ledger for whoever asks why"]
    if len(reason) > MAX_REASON_CHARS:
        return [f"the reason has {len(reason)} characters; the ledger keeps {MAX_REASON_CHARS}"]
    return []
