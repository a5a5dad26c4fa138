"""What becomes of the names in user detail before they reach the warehouse."""

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from activation_sync.core.model import DetailRow

NamePolicy = Literal["keep", "hash", "drop"]
CONCEALED = re.compile(r"[0-9A-F]{32}")  # how Graph conceals a name when the tenant's report setting says so


@dataclass(frozen=True, slots=True)
class Concealment:
    """How a tenant wants its users' names to be kept, and the key for that (see `conceal_names`)."""

    policy: NamePolicy = "keep"
    key: bytes = field(default=b"", repr=False)


KEEP_NAMES = Concealment()


def conceal_names(rows: Iterable[DetailRow], policy: NamePolicy, key: bytes) -> Iterator[DetailRow]:
    """Rows as the policy lets them be kept.

    keep: as they are. hash: the principal name becomes its HMAC-SHA256 with a lasting key, so that a user can be
    followed over time but not named. drop: the same with a key that the caller draws for this load and forgets, so
    that rows stay apart but cannot be linked to anything. Display names survive only `keep`.
    """
    if policy == "keep":
        return iter(rows)
    if not key:
        raise ValueError("names cannot be concealed with an empty key: anybody could compute the hashes")
    return (_concealed(row, key) for row in rows)


def has_concealed_names(user_principal_name: str) -> bool:
    """True when Graph itself concealed this name: 32 upper-case hex digits."""
    return CONCEALED.fullmatch(user_principal_name) is not None


def _concealed(row: DetailRow, key: bytes) -> DetailRow:
    refreshed_on, user_principal_name, _, *rest = row
    token = hmac.digest(key, user_principal_name.lower().encode(), "sha256").hex()
    return DetailRow._make((refreshed_on, token, "", *rest))
