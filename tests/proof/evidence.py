"""What a run leaves behind, without what differs from run to run: ids that count on, times, and who was asked when."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import httpx

from activation_sync.emulator.faults.journal import JournalEntry
from tasks.ledger import prove_ledgers
from tests.support.sites.site import MEASURES, Site

_COUNTS = ", ".join(MEASURES)
_PUBLISHED = ", ".join(f"published_{measure}" for measure in MEASURES)
PARTS = {
    "warehouse": f"SELECT tenant, refreshed_on, product, {_COUNTS}, updated_by FROM activation_user_count",  # noqa: S608  our own words
    "platforms": "SELECT * FROM activation_platform_count",
    "detail": "SELECT * FROM activation_user_detail",
    "loaded detail": "SELECT raw_report_id, count(*) FROM loaded_user_detail GROUP BY 1",
    "reported": "SELECT * FROM reported_count",
    "reported platforms": "SELECT * FROM reported_platform_count",
    "landed": "SELECT id, path, size_bytes, refreshed_on, rows, loaded_at IS NULL, rejected, reconciled_at IS NULL "
    "FROM raw_report",
    "memory": "SELECT * FROM sync_base",
    "outbox": f"SELECT refreshed_on, product, product_type, {_COUNTS}, graph_id, {_PUBLISHED}, state FROM outbox",  # noqa: S608
    "decisions": "SELECT refreshed_on, product, measure, agreed, observed, warehouse, published, rule, settled, "
    "observed_id, published_id FROM ledger WHERE kind = 'decision' AND rule NOT IN ('keep', 'conflict')",
    "conflicts": "SELECT DISTINCT refreshed_on, product, measure, agreed, observed, warehouse, settled FROM ledger "
    "WHERE rule = 'conflict'",
    "acknowledged": f"SELECT DISTINCT o.refreshed_on, o.product, {_COUNTS} FROM ledger l JOIN outbox o "  # noqa: S608
    "ON o.id = l.outbox_id WHERE l.note LIKE 'acknowledged%'",
}  # fmt: skip
SAID = ("reportRefreshDate", "productType", "assigned", "activated", "sharedComputerActivation")
Kind = Literal["lost", "stale", "invented", "left over"]
Sent = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must never be. kind: which promise was broken."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a run left behind: rows by part of the warehouse, and what Graph was sent, in order."""

    parts: Mapping[str, Counter[str]]
    sent: tuple[Sent, ...]


def gather(site: Site) -> Evidence:
    """Everything there is now, in warehouse, landing and Graph."""
    parts = {part: Counter(map(str, site.query(query))) for part, query in PARTS.items()}
    parts["Graph"] = Counter(map(str, site.graph_rows()))
    parts["files"] = Counter(landed_files(site))
    return Evidence(parts, tuple(map(body_of, site.patches())))


def compare(expected: Evidence, found: Evidence, in_flight: int) -> Iterator[Breach]:
    """What is missing, and what is there that should not be. in_flight: rows that may have been sent twice."""
    for part, rows in expected.parts.items():
        yield from _differences(part, rows, found.parts[part])
    yield from _differences("PATCH", Counter(set(expected.sent)), Counter(set(found.sent)))
    repeated = (Counter(found.sent) - Counter(expected.sent)).total()
    if repeated > in_flight:
        yield Breach("invented", f"{repeated} PATCHes were repeated; {in_flight} were in flight")
    yield from _stale(expected.sent, found.sent)


def broken_chain(site: Site) -> Iterator[Breach]:
    """Where the ledger is no longer what was written, or noted in the landing what was never committed."""
    for proof in prove_ledgers(site.tenant.name):
        if proof.broken is not None:
            yield Breach("lost", f"ledger line {proof.broken.id} is broken: {proof.broken.fault}")
        if proof.lost is not None:
            yield Breach("lost", f"ledger line {proof.lost.head.row} was noted and is not there")


def body_of(served: JournalEntry) -> Sent:
    """What a PATCH said: date, product and counts."""
    return tuple(served.body.get(name) for name in SAID)


def bodies_of(request: httpx.Request) -> Iterator[Sent]:
    """What a request is about to say, alone or in a batch."""
    content = json.loads(request.content)
    for body in [item["body"] for item in content["requests"]] if "requests" in content else [content]:
        yield tuple(body.get(name) for name in SAID)


def landed_files(site: Site) -> Iterator[str]:
    """Every file of the landing, temporaries too; one whose bytes are not those its name promises says so.

    Without the heads of the ledger: a run that is tried again notes one more.
    """
    root = site.folder / "landing"
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.relative_to(root).parts[0] != "_heads":
            is_whole = sha256(path.read_bytes()).hexdigest() == path.stem
            yield f"{path.relative_to(root)}{'' if is_whole else ' half-written'}"


def _differences(part: str, expected: Counter[Any], found: Counter[Any]) -> Iterator[Breach]:
    for row in (expected - found).elements():
        yield Breach("lost", f"{part}: {row}")
    for row in (found - expected).elements():
        yield Breach("invented", f"{part}: {row}")


def _stale(expected: Iterable[Sent], found: Iterable[Sent]) -> Iterator[Breach]:
    """The value a key got last, and none before it that came back."""
    wanted, got = _by_key(expected), _by_key(found)
    for key, values in got.items():
        if values != wanted.get(key, []):
            yield Breach("stale", f"{key} was sent {values} where {wanted.get(key)} belongs")


def _by_key(sent: Iterable[Sent]) -> dict[Sent, list[Sent]]:
    """What each key was sent, in order, repetitions left out."""
    values: dict[Sent, list[Sent]] = {}
    for row in sent:
        of_key = values.setdefault(row[:2], [])
        if not of_key or of_key[-1] != row[2:]:
            of_key.append(row[2:])
    return values
