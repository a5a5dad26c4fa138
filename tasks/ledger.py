"""The ledger beside the heads that earlier runs noted in the landing, out of reach of whoever has only the database."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from prefect import get_run_logger
from prefect.exceptions import MissingContextError
from sqlalchemy import Connection

from activation_sync.core.phrases import our_command
from activation_sync.core.stamp import Stamp
from activation_sync.errors import ChoiceError, LandingError, LedgerError
from activation_sync.landing.heads import NotedHead, note_head, noted_tenants, read_noted_head
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.ledger.chain import has_row, read_heads, read_newest
from activation_sync.warehouse.ledger.ledger import Restoration, read_restorations
from activation_sync.warehouse.ledger.proof import BrokenRow, prove_chain
from activation_sync.warehouse.runs.runs import has_gone_through, read_recorded_head, read_run_tenants
from config.settings import settings_in_use
from tasks.policy import patiently
from tasks.wiring import open_landing, open_warehouse

SHOWN_HASH_CHARS = 12


def read_lost_head(tenant: str) -> NotedHead | None:
    """The head noted last, when the ledger does not hold it. A ledger that grew since holds it: a run was killed."""
    noted = read_noted_head(open_landing(), tenant)
    with reading(open_warehouse()) as connection:
        return None if noted is None or has_row(connection, tenant, noted.head) else noted


def refuse_lost_ledger(tenant: str) -> None:
    """Raise LedgerError when the ledger lost anything: what a run writes or notes then would hide it."""
    if lack := patiently(partial(_read_lack, tenant)):
        raise LedgerError(
            f"the ledger of {tenant} {lack}: the warehouse was restored from an older backup, or somebody cut or "
            f"rewrote the ledger. Nothing was written. Look: {our_command('verify-ledger', tenant)}. If you restored a "
            f"backup: {our_command('restore', '--tenant', tenant)}"
        )


def _read_lack(tenant: str) -> str:
    """What the ledger lacks, in words that follow its name; empty when it holds all that is known of it."""
    if lost := read_lost_head(tenant):
        return f"does not hold {head_words(lost)}"
    with reading(open_warehouse()) as connection:
        return "is empty, although runs are on record that wrote to it" if _is_emptied(connection, tenant) else ""


def note_whole_ledger(tenant: str, stamp: Stamp) -> None:
    """Note how far the ledger came, unless it lost anything meanwhile."""
    refuse_lost_ledger(tenant)
    note_newest_head(tenant, stamp)


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
    gave is among them; None when none was given. noted: the head noted last in the landing. lost: the same, when the
    ledger does not hold it. notes_problem: what is wrong with the notes; empty when nothing is. is_emptied: there are
    runs that wrote, and no row. restorations: from older backups, as the ledger tells them.
    """

    tenant: str
    rows: int
    head: str
    broken: BrokenRow | None
    has_given_head: bool | None
    noted: NotedHead | None
    lost: NotedHead | None
    notes_problem: str
    is_emptied: bool
    restorations: tuple[Restoration, ...]

    @property
    def holds(self) -> bool:
        return not (self.broken or self.lost or self.notes_problem or self.is_emptied)


@dataclass(frozen=True, slots=True)
class _Note:
    """What the landing has of a tenant. problem: why its newest note cannot be believed."""

    noted: NotedHead | None = None
    problem: str = ""


def prove_ledgers(tenant: str | None, given_head: str | None = None) -> Iterator[LedgerProof]:
    """Prove the ledger of one tenant, or of all that ever had one. ChoiceError for a tenant that nobody knows."""
    # heads before rows, or a run that ends meanwhile would look like one that was cut off
    notes = {name: _read_note(name) for name in noted_tenants(open_landing()) if tenant in (None, name)}
    with reading(open_warehouse()) as connection:
        known = {*read_heads(connection), *read_run_tenants(connection)}
        known |= {name for name, note in notes.items() if note != _Note()}
        if tenant and tenant not in known | {one.name for one in settings_in_use().tenants}:
            choices = ", ".join(sorted(known)) or "none"
            raise ChoiceError(f"no tenant {tenant} is configured or has a ledger; those that have one: {choices}")
        for name in [tenant] if tenant else sorted(known):
            yield _prove(connection, name, notes.get(name, _Note()), given_head)


def _read_note(tenant: str) -> _Note:
    try:
        return _Note(read_noted_head(open_landing(), tenant))
    except LedgerError as error:
        return _Note(problem=str(error))


def _prove(connection: Connection, tenant: str, note: _Note, given_head: str | None) -> LedgerProof:
    noted = note.noted
    chain = prove_chain(connection, tenant, {given_head} if given_head else set())
    return LedgerProof(
        tenant=tenant,
        rows=chain.rows,
        head=chain.head,
        broken=chain.broken,
        has_given_head=given_head in chain.found if given_head else None,
        noted=noted,
        lost=noted if noted and not has_row(connection, tenant, noted.head) else None,
        notes_problem=note.problem or ("" if noted else _missing_words(connection, tenant)),
        is_emptied=_is_emptied(connection, tenant),
        restorations=read_restorations(connection, tenant),
    )


def _is_emptied(connection: Connection, tenant: str) -> bool:
    return read_newest(connection, tenant) is None and has_gone_through(connection, tenant)


def _missing_words(connection: Connection, tenant: str) -> str:
    """What is wrong when the landing has no note; nothing before the first run that makes one."""
    if not (recorded := read_recorded_head(connection, tenant)):
        return ""
    return (
        f"no head is noted in the landing, although a run recorded one ({recorded[:SHOWN_HASH_CHARS]}...): its "
        "notes were deleted, this is another landing, or the run was killed before it could note. The next run notes "
        "the head again"
    )
