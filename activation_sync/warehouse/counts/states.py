"""Everything a plan is made from: each key with its three roles, and what we remember of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, Select, Table, exists, func, select

from activation_sync.core.model import NOT_REPORTED, CountRow, Counts, Key, KeyState, PlanInputs, Report, ReportSize
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.tables import (
    activation_user_count,
    outbox,
    raw_report,
    reported_count,
    sync_base,
)
from activation_sync.warehouse.reports.loading import ReportedCounts
from activation_sync.warehouse.reports.manifest import newest_reconciled_on, reconciled_dates, rows_before


class Said(NamedTuple):
    """What a landed report says of one key."""

    landed_id: str
    row: CountRow


class Refused(NamedTuple):
    """What a dead letter carried, and what the counts report showed when it was planned."""

    counts: Counts
    published: Counts


@dataclass(frozen=True, slots=True)
class Known:
    """All sides of the keys in question; a key missing from a side is absent there."""

    observed: dict[Key, Said]
    published: dict[Key, Said]
    warehouse: dict[Key, Counts]
    remembered: dict[Key, RowMapping]
    refused: dict[Key, Refused]


def read_plan_inputs(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    tonight: Sequence[ReportedCounts],
) -> PlanInputs:
    """What a plan of this tenant is made from: tonight's refresh dates and every one reconciled before.

    counts_from: which report is observed. tonight: loaded or not, it stands in for what was landed of its dates.
    """
    known = _read_known(conn, tenant, counts_from, tonight, _dates_in_play(conn, tenant, tonight))
    return PlanInputs(
        tenant=tenant,
        states=_states(known),
        sizes=tuple(_size(conn, tenant, reported) for reported in tonight),
        observed_on=max((said.refreshed_on for said in tonight if said.report == counts_from), default=None),
        newest_reconciled_on=newest_reconciled_on(conn, tenant),
    )


def read_replay_inputs(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    given: Sequence[ReportedCounts],
    as_reconciled: Collection[str] = (),
) -> PlanInputs:
    """What a replay of these reports is made from: their own refresh dates alone. Their age is no reason to hold it.

    as_reconciled: reports that will have been reconciled by then, as a preview must assume of the dates before.
    """
    known = _read_known(conn, tenant, counts_from, given, {reported.refreshed_on for reported in given})
    return PlanInputs(
        tenant=tenant,
        states=_states(known),
        sizes=tuple(_size(conn, tenant, reported, as_reconciled) for reported in given),
        newest_reconciled_on=newest_reconciled_on(conn, tenant),
    )


def read_inputs_without(
    conn: Connection, tenant: str, counts_from: Report, on: date, without: Collection[str]
) -> PlanInputs:
    """What is known of a refresh date, as if these landed reports had never been given."""
    known = _read_known(conn, tenant, counts_from, (), {on}, without)
    newest_on = newest_reconciled_on(conn, tenant)
    return PlanInputs(tenant=tenant, states=_states(known), newest_reconciled_on=newest_on)


def _read_known(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    given: Sequence[ReportedCounts],
    scope: Collection[date],
    without: Collection[str] = (),
) -> Known:
    """without: landed reports that count for nothing."""
    return Known(
        observed=_read_side(conn, tenant, counts_from, given, scope, without),
        published=_read_side(conn, tenant, Report.USER_COUNTS, given, scope, without),
        warehouse=_read_warehouse(conn, tenant, scope),
        remembered=_read_remembered(conn, tenant, scope),
        refused=_read_refused(conn, tenant, scope),
    )


def _dates_in_play(conn: Connection, tenant: str, tonight: Iterable[ReportedCounts]) -> frozenset[date]:
    return reconciled_dates(conn, tenant) | {reported.refreshed_on for reported in tonight}


def _read_side(
    conn: Connection,
    tenant: str,
    report: Report,
    tonight: Iterable[ReportedCounts],
    scope: Collection[date],
    without: Collection[str],
) -> dict[Key, Said]:
    """What the newest reconciled report of each date says; tonight's in place of any other of its date."""
    given = [said for said in tonight if said.report == report and said.refreshed_on in scope]
    landed = frozenset(scope) - {said.refreshed_on for said in given}
    rows = conn.execute(_newest_of_each_date(tenant, report, landed, without)).mappings()
    return {
        **{_key(row): Said(row["raw_report_id"], _count_row(row)) for row in rows},
        **{row.key: Said(said.landed_id, row) for said in given for row in said.rows},
    }


def _newest_of_each_date(
    tenant: str, report: Report, dates: Collection[date], without: Collection[str]
) -> Select[tuple[object, ...]]:
    row = raw_report.c
    newest_first = (row.seen_at.desc(), row.landed_at.desc(), row.id.desc())
    ranked = (
        select(row.id, func.row_number().over(partition_by=row.refreshed_on, order_by=newest_first).label("rank"))
        .where(row.tenant == tenant, row.report == report, row.refreshed_on.in_(dates), row.reconciled_at.is_not(None))
        .where(row.id.not_in(without))
        .subquery()
    )
    return select(reported_count).join(ranked, ranked.c.id == reported_count.c.raw_report_id).where(ranked.c.rank == 1)


def _read_warehouse(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, Counts]:
    rows = conn.execute(_in_scope(activation_user_count, tenant, scope)).mappings()
    return {_key(row): counts_of(row) for row in rows}


def _read_remembered(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, RowMapping]:
    return {_key(row): row for row in conn.execute(_in_scope(sync_base, tenant, scope)).mappings()}


def _read_refused(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, Refused]:
    """Dead letters that nothing newer has replaced."""
    newer = outbox.alias("newer")
    is_replaced = exists().where(
        newer.c.tenant == outbox.c.tenant,
        newer.c.refreshed_on == outbox.c.refreshed_on,
        newer.c.product == outbox.c.product,
        newer.c.id > outbox.c.id,
    )
    dead = _in_scope(outbox, tenant, scope).where(outbox.c.state == "dead", ~is_replaced)
    rows = conn.execute(dead).mappings()
    return {_key(row): Refused(counts_of(row), counts_of(row, "published_")) for row in rows}


def _in_scope(table: Table, tenant: str, scope: Collection[date]) -> Select[tuple[object, ...]]:
    return select(table).where(table.c.tenant == tenant, table.c.refreshed_on.in_(scope))


def _states(known: Known) -> tuple[KeyState, ...]:
    keys = known.observed.keys() | known.published.keys() | known.warehouse.keys() | known.remembered.keys()
    published_on = {key.refreshed_on for key in known.published}
    return tuple(_state(known, key, key.refreshed_on in published_on) for key in sorted(keys))


def _state(known: Known, key: Key, is_published: bool) -> KeyState:
    observed, published = known.observed.get(key), known.published.get(key)
    remembered, refused = known.remembered.get(key), known.refused.get(key)
    return KeyState(
        key=key,
        product_type=_product_type(key, published, observed, remembered),
        observed=observed.row.counts if observed else NOT_REPORTED,
        warehouse=known.warehouse.get(key, NOT_REPORTED),
        published=published.row.counts if published else NOT_REPORTED,
        agreed=_memory(remembered, "agreed_"),
        observed_seen=_memory(remembered, "observed_seen_"),
        acknowledged=_memory(remembered, "acknowledged_"),
        published_seen=_memory(remembered, "published_seen_"),
        is_published=is_published,
        in_doubt=bool(remembered and remembered["in_doubt"]),
        refused=refused.counts if refused else None,
        refused_published=refused.published if refused else NOT_REPORTED,
        graph_id=remembered["graph_id"] if remembered else None,
        observed_id=observed.landed_id if observed else None,
        published_id=published.landed_id if published else None,
    )


def _product_type(key: Key, published: Said | None, observed: Said | None, remembered: RowMapping | None) -> str:
    """As Graph's counts report spells it, since that is what a PATCH must name; else the next best we know."""
    if said := published or observed:
        return said.row.product_type
    return str(remembered["product_type"]) if remembered else key.product


def _memory(remembered: RowMapping | None, prefix: str) -> Counts:
    return counts_of(remembered, prefix) if remembered else NOT_REPORTED


def _size(conn: Connection, tenant: str, said: ReportedCounts, as_reconciled: Collection[str] = ()) -> ReportSize:
    before = rows_before(conn, tenant, said.report, said.landed_id, said.refreshed_on, as_reconciled)
    return ReportSize(said.report, said.refreshed_on, said.rows_total, before)


def _key(row: RowMapping) -> Key:
    return Key(row["refreshed_on"], row["product"])


def _count_row(row: RowMapping) -> CountRow:
    return CountRow(row["refreshed_on"], row["product"], row["product_type"], counts_of(row))
