"""The warehouse again, from the landed reports and the ledger: offline, beside the present one, which is only read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from activation_sync.errors import ConfigError, LandingError, ReportFormatError, WarehouseBusyError
from activation_sync.landing.store import Landing
from activation_sync.warehouse.database.engine import open_engine, reading, writing
from activation_sync.warehouse.database.schema import migrate, refuse_other_schema
from activation_sync.warehouse.ledger.chain import read_heads
from activation_sync.warehouse.ledger.proof import prove_chain
from activation_sync.warehouse.rebuilding.compare import Comparison, compare, tables_to_compare
from activation_sync.warehouse.rebuilding.rebuild import (
    copy_records,
    copy_reported,
    read_manifest,
    refuse_used,
    replay_ledger,
    show_again,
    shown_reports,
)
from activation_sync.warehouse.reports.keeping import keeper_of
from activation_sync.warehouse.reports.manifest import LandedReport
from config.warehouse_urls import complaint_about
from tasks.steps.load import read_kept
from tasks.wiring import open_landing, open_warehouse, sync_settings


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How the rebuilt warehouse compares with the present one.

    reread: landed reports whose bytes were read again. expired: reports without bytes, whose counts were carried over.
    problems: landed files that are missing, damaged or unreadable, and broken chains of the ledger.
    """

    reread: int
    expired: int
    problems: tuple[str, ...]
    tables: tuple[Comparison, ...]

    @property
    def is_equal(self) -> bool:
        return not self.problems and all(table.differences == 0 for table in self.tables)


def rebuild(into: str) -> Rebuilt:
    """Build a new warehouse at a URL and compare it with the present one.

    Raises ConfigError for a URL that cannot be used, WarehouseError unless that database is empty, WarehouseBusyError
    when a run wrote meanwhile.
    """
    if into.startswith("postgres") and (complaint := complaint_about(into)):
        raise ConfigError([f"--into {complaint}"])
    present, rebuilt = open_warehouse(), open_engine(into)
    refuse_other_schema(present)
    refuse_used(rebuilt)
    migrate(rebuilt)
    try:
        return _rebuild(present, rebuilt)
    finally:
        rebuilt.dispose()


def _rebuild(present: Engine, rebuilt: Engine) -> Rebuilt:
    with reading(present) as source, writing(rebuilt) as target:
        heads, manifest = read_heads(source), read_manifest(source)
        problems = [words for tenant in heads if (words := _broken_words(source, tenant))]
        copy_records(source, target)
    loaded = [landed for landed in manifest if landed.rows is not None]
    shown = shown_reports(loaded).values()
    problems += filter(None, (_read_again(present, rebuilt, landed, landed in shown) for landed in manifest))
    with writing(rebuilt) as target:
        show_again(target, shown)
        for tenant in heads:
            replay_ledger(target, tenant)
    expired = sum(landed.expired_at is not None for landed in loaded)
    return Rebuilt(len(loaded) - expired, expired, tuple(problems), _compare(present, rebuilt, heads, manifest))


def _broken_words(source: Connection, tenant: str) -> str | None:
    broken = prove_chain(source, tenant).broken
    return f"the ledger of {tenant} breaks at row {broken.id} of {broken.at}: {broken.fault}" if broken else None


def _read_again(present: Engine, rebuilt: Engine, landed: LandedReport, is_shown: bool) -> str | None:
    """Read a report from its bytes; without good bytes carry its counts over, and say what is wrong."""
    problem = None
    if landed.expired_at is None:
        try:
            _read_bytes(open_landing(), rebuilt, landed, is_shown)
        except (LandingError, ReportFormatError) as error:
            problem = str(error)
    if landed.expired_at is not None or problem:
        with reading(present) as source, writing(rebuilt) as target:
            copy_reported(source, target, landed)
    return problem


def _read_bytes(landing: Landing, rebuilt: Engine, landed: LandedReport, is_shown: bool) -> None:
    digest = landing.digest(landed.path)
    if digest != landed.sha256:
        raise LandingError(
            f"the landed report {landed.path} is damaged: its sha256 is {digest[:12]}... and should be "
            f"{landed.sha256[:12]}...; put the file back from a copy"
        )
    if landed.rows is not None:  # what never loaded has led to nothing
        with landing.open(landed.path) as stream, writing(rebuilt) as target:
            content = read_kept(landed.report, stream, sync_settings(landed.tenant))
            keeper_of(landed.report).load_again(target, landed, content, is_shown)


def _compare(
    present: Engine, rebuilt: Engine, heads: Mapping[str, str], manifest: Sequence[LandedReport]
) -> tuple[Comparison, ...]:
    tenants = sorted({landed.tenant for landed in manifest})
    unnamed = [tenant for tenant in tenants if sync_settings(tenant).names == "drop"]
    with reading(present) as before, reading(rebuilt) as after:
        if (read_heads(before), read_manifest(before)) != (heads, manifest):
            raise WarehouseBusyError("a run wrote to the present warehouse meanwhile; rebuild when none is under way")
        return tuple(compare(before, after, what) for what in tables_to_compare(unnamed, tenants))
