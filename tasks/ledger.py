"""The ledger beside the heads that earlier runs noted in the landing, out of reach of whoever has only the database."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from prefect import get_run_logger
from prefect.exceptions import MissingContextError
from sqlalchemy import Connection

from activation_sync.core.stamp import Stamp
from activation_sync.errors import ChoiceError, LandingError, LedgerError
from activation_sync.landing.heads import NotedHead, note_head, noted_tenants, read_noted_head
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.ledger.chain import has_row, read_heads, read_newest
from activation_sync.warehouse.ledger.ledger import Restoration, read_restorations
from activation_sync.warehouse.ledger.proof import BrokenRow, prove_chain
from activation_sync.warehouse.runs.runs import has_gone_through, read_run_tenants
from config.settings import settings_in_use
from tasks.policy import patiently
from tasks.wiring import open_landing, open_warehouse

SHOWN_HASH_CHARS = 12


def read_lost_head(tenant: str) -> NotedHead | None:
    """The head noted last, when the ledger does not hold it. A ledger that grew since holds it: a run was killed."""
    noted = read_noted_head(open_landing(), tenant)
    with reading(open_warehouse()) as connection:
        return None if noted is None or has_row(connection, tenant, noted.head) else noted


def refuse_lost_head(tenant: str) -> None:
    """Raise LedgerError when the ledger does not hold the head noted last: what a run writes then would hide it."""
    if lost := patiently(partial(read_lost_head, tenant)):
        raise LedgerError(
            f"the ledger of {tenant} does not hold {head_words(lost)}: the warehouse was restored from an older "
            f"backup, or somebody cut or rewrote the ledger. Nothing was written. Look: activation-sync verify-ledger "
            f"{tenant}. If you restored a backup: activation-sync restore --tenant {tenant}"
        )


def note_newest_head(tenant: str, stamp: Stamp) -> None:
    """Note how far the ledger has come, once that is committed. A run killed before this leaves an older head noted."""
    with reading(open_warehouse()) as connection:
        newest = read_newest(connection, tenant)
    if newest is None:
        return
    try:
        patiently(partial(note_head, open_landing(), tenant, newest, stamp))
    except LandingError as error:
        raise LandingError(
            f"what the run did is recorded, but the landing has no note of its ledger's head: {error}. The next run "
            "notes it"
        ) from error
    with suppress(MissingContextError):  # a command has no log
        get_run_logger().info("ledger of %s: head %s, row %d", tenant, newest.hash, newest.row)


def head_words(noted: NotedHead) -> str:
    """A head that was noted, in words."""
    short = noted.head.hash[:SHOWN_HASH_CHARS]
    return f"row {noted.head.row} ({short}...), which run {noted.run_id} noted on {noted.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """Whether a tenant's ledger is what was written.

    rows: that hold, from the first on. head: hash of the last of them. has_given_head: whether the head that a person
    gave is among them; None when none was given. lost: the head noted last in the landing, when it is not among them.
    is_emptied: there are runs that wrote, and no row. restorations: from older backups, as the ledger tells them.
    """

    tenant: str
    rows: int
    head: str
    broken: BrokenRow | None
    has_given_head: bool | None
    lost: NotedHead | None
    is_emptied: bool
    restorations: tuple[Restoration, ...]

    @property
    def holds(self) -> bool:
        return not (self.broken or self.lost or self.is_emptied)


def prove_ledgers(tenant: str | None, given_head: str | None = None) -> Iterator[LedgerProof]:
    """Prove the ledger of one tenant, or of all that ever had one. ChoiceError for a tenant that nobody knows."""
    landing = open_landing()
    # heads before rows, or a run that ends meanwhile would look like one that was cut off
    noted = {name: read_noted_head(landing, name) for name in noted_tenants(landing) if tenant in (None, name)}
    with reading(open_warehouse()) as connection:
        known = {*read_heads(connection), *read_run_tenants(connection), *noted}
        if tenant and tenant not in known | {one.name for one in settings_in_use().tenants}:
            choices = ", ".join(sorted(known)) or "none"
            raise ChoiceError(f"no tenant {tenant} is configured or has a ledger; those that have one: {choices}")
        for name in [tenant] if tenant else sorted(known):
            yield _prove(connection, name, noted.get(name), given_head)


def _prove(connection: Connection, tenant: str, noted: NotedHead | None, given_head: str | None) -> LedgerProof:
    asked = {noted.head.hash} if noted else set()
    chain = prove_chain(connection, tenant, asked | ({given_head} if given_head else set()))
    return LedgerProof(
        tenant=tenant,
        rows=chain.rows,
        head=chain.head,
        broken=chain.broken,
        has_given_head=given_head in chain.found if given_head else None,
        lost=noted if noted and noted.head.hash not in chain.found else None,
        is_emptied=not chain.head and chain.broken is None and has_gone_through(connection, tenant),
        restorations=read_restorations(connection, tenant),
    )
