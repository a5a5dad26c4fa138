"""From a good input to a bad one: a few random changes, of the kinds that once broke something."""

from collections.abc import Sequence
from random import Random

TOKENS = (
    *(b"\0", b"\r", b"\n", b'"', b",", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\xff", b"\xed\xa0\x80", b"\x1b[31m"),
    *(rb"\ud800", rb"\u0000", rb"\u202e", b"null", b"true", b"NaN", b"1e400", b"-1", b"[" * 1_000, b'{"a":' * 1_000),
    *(
        b"9" * 5_000,
        b"{}",
        b"[]",
        b'{"value":[{}]}',
        b"2026-W47-4",
        b"9999-12-31",
        b"2026-11-19T25:00:00Z",
        b"x" * 9_000,
    ),
    *(b"Mon, 23 Nov 1000000000 04:01:30 GMT", b"Fri, 31 Dec 9999 23:59:59 -2359", b"https://xn--a..office.com/"),
)


def mutated(seeds: Sequence[bytes], chance: Random) -> bytes:
    """One of the seeds, changed in one to four places."""
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(content))
        end = min(len(content), start + chance.choice((0, 1, 1, 4, 40)))
        content[start:end] = _instead(bytes(content), seeds, chance)
    return bytes(content)


def _instead(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """What comes in place of a few bytes."""
    match chance.randint(0, 4):
        case 0:
            return b""
        case 1:
            return chance.randbytes(chance.randint(1, 4))
        case 2:
            start = chance.randint(0, len(content))
            return content[start : start + chance.randint(1, 60)]
        case 3:
            other = chance.choice(seeds)
            return other[: chance.randint(0, len(other))]
    return chance.choice(TOKENS)
