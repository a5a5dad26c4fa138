"""Which held plan a person approves who gives its digest. Pure.

The beginning of a digest is enough to type and not enough to compare: whoever may edit the table finds two plans whose
digests begin with the same 12 characters in 90 seconds. So a beginning is looked up among the plans that runs were held
with, and from there on the whole digest is carried, stored and compared.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from activation_sync.core.phrases import short_digest
from activation_sync.errors import ChoiceError

DIGEST_CHARS = 64
MIN_GIVEN_CHARS = 8


class HeldPlan(NamedTuple):
    """A plan that a run was held with. at: when its run began last."""

    tenant: str
    digest: str
    at: datetime


def normal_digest(given: str | None) -> str:
    """A digest as a person gave it, or nothing, in the form of our own."""
    return (given or "").strip().lower()


def is_whole(digest: str) -> bool:
    """True for a digest of which nothing is missing; it needs no looking up."""
    return len(digest) == DIGEST_CHARS


def choose_digest(beginning: str, meant: Sequence[HeldPlan], held: Sequence[HeldPlan]) -> str:
    """The whole digest; ChoiceError unless it is that of exactly one held plan.

    meant: the held plans whose digest begins so, each digest once. held: the newest held plans, to choose from.
    """
    if len(beginning) < MIN_GIVEN_CHARS:
        raise ChoiceError(f"{beginning!r} is too little of a digest; give {MIN_GIVEN_CHARS} characters or more")
    if len(meant) == 1:
        return meant[0].digest
    if meant:
        several = "; ".join(f"{plan.digest} of {plan.tenant}, {plan.at:%Y-%m-%d %H:%M} UTC" for plan in meant)
        raise ChoiceError(f"{len(meant)} held plans begin with {beginning}: give the whole digest: {several}")
    choices = "; ".join(f"{short_digest(plan.digest)} of {plan.tenant}, {plan.at:%Y-%m-%d %H:%M} UTC" for plan in held)
    known = f"held were: {choices}" if held else "none was ever held"
    raise ChoiceError(f"no run was held with a plan whose digest begins with {beginning}; {known}")
