"""The newest row of each tenant's ledger, noted where the owner of the warehouse does not reach: beside the bytes.

A small file a run, never changed and never dropped, in a folder as in an object store:

    _heads/TENANT/BLOCK/SEQUENCE-RUN.json

Files of any other name are none of ours. Names sort by their sequence, and a block holds a thousand of them, so two
listings find the newest of any tenant.
A sequence, not a clock and not the row's id: one set wrong, the other goes back when a backup is restored.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activation_sync.core.stamp import Head, Stamp
from activation_sync.errors import LedgerError
from activation_sync.landing.store import Landing

ROOT = "_heads"  # no tenant's name begins so
BLOCK = 1_000
MAX_BYTES = 4_096
REMEDY = (
    ", and no run changes one: put the file back from a copy of the landing. If there is none, move the file away; "
    "then the note before it counts"
)
BLOCK_NAME, NOTE_NAME = re.compile(r"\d{6}"), re.compile(r"\d{9}-.+\.json")


@dataclass(frozen=True, slots=True)
class NotedHead:
    """A head, and which run noted it when (UTC). sequence: how many of this tenant were noted, this one included."""

    sequence: int
    head: Head
    run_id: str
    at: datetime


def noted_tenants(landing: Landing) -> list[str]:
    """Of whom a head was ever noted."""
    return landing.names(ROOT)


def read_noted_head(landing: Landing, tenant: str) -> NotedHead | None:
    """The one noted last; None before the first. LedgerError when it is damaged or another tenant's."""
    folder = f"{ROOT}/{tenant}"
    for block in _newest_first(landing, folder, BLOCK_NAME):
        for name in _newest_first(landing, f"{folder}/{block}", NOTE_NAME):
            return _read(landing, tenant, f"{folder}/{block}/{name}")
    return None


def note_head(landing: Landing, tenant: str, head: Head, stamp: Stamp) -> NotedHead:
    """Note a head after the one noted last. Noted again by the same run, it stands there twice, which is harmless."""
    before = read_noted_head(landing, tenant)
    noted = NotedHead(before.sequence + 1 if before else 1, head, stamp.run_id, stamp.at.astimezone(UTC))
    name = f"{noted.sequence // BLOCK:06d}/{noted.sequence:09d}-{noted.run_id}.json"
    landing.keep(f"{ROOT}/{tenant}/{name}", json.dumps(_facts(tenant, noted)).encode())
    return noted


def _newest_first(landing: Landing, folder: str, name: re.Pattern[str]) -> Iterator[str]:
    return filter(name.fullmatch, reversed(landing.names(folder)))


def _facts(tenant: str, noted: NotedHead) -> dict[str, Any]:
    return {
        "sequence": noted.sequence,
        "tenant": tenant,
        "row": noted.head.row,
        "hash": noted.head.hash,
        "run_id": noted.run_id,
        "at": noted.at.isoformat(),
    }


def _read(landing: Landing, tenant: str, path: str) -> NotedHead:
    with landing.open(path) as stream:
        content = stream.read(MAX_BYTES)
    try:
        facts = json.loads(content)
        noted, owner = _noted(facts), str(facts["tenant"])
    except (ValueError, KeyError, TypeError):
        raise LedgerError(f"the note of the ledger's head in {path} is damaged{REMEDY}") from None
    if owner != tenant:
        raise LedgerError(f"the note of the ledger's head in {path} is of another tenant, {owner!r}{REMEDY}")
    return noted


def _noted(facts: Mapping[str, Any]) -> NotedHead:
    head = Head(int(facts["row"]), str(facts["hash"]))
    return NotedHead(int(facts["sequence"]), head, str(facts["run_id"]), datetime.fromisoformat(facts["at"]))
