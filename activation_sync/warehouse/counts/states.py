"""Everything a plan is made from: each key with its three roles, and what we remember of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, Select, Table, exists, select

from activation_sync.core.model import NOT_REPORTED, CountRow, Counts, Key, KeyState, PlanInputs, Report, ReportSize
from activation_sync.core.reports.catalogue import KINDS, PUBLISHED
from activation_sync.warehouse.counts.neighbours import newest_of_each_date, read_reported_near, read_settled_before
from activation_sync.warehouse.database.kinds import OutboxState
from activation_sync.warehouse.database.measures import counts_of
from activation_sync.warehouse.database.tables import (
    activation_user_count,
    outbox,
    sync_base,
)
from activation_sync.warehouse.reports.loading import ReportedCounts
from activation_sync.warehouse.reports.manifest import (
    newest_landed,
    newest_reconciled_on,
    reconciled_dates,
    rows_before,
)


class ReportEntry(NamedTuple):
    """What a landed report says of one key."""

    landed_id: str
    row: CountRow


class OpenUpdate(NamedTuple):
    """An update that is still open: what it carries, and what the counts report showed when it was planned."""

    state: str
    counts: Counts
    published: Counts


@dataclass(frozen=True, slots=True)
class Sides:
    """All sides of the keys in question; a key missing from a side is absent there."""

    observed: dict[Key, ReportEntry]
    published: dict[Key, ReportEntry]
    warehouse: dict[Key, Counts]
    remembered: dict[Key, RowMapping]
    planned: dict[Key, OpenUpdate]


def read_plan_inputs(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    tonight: Sequence[ReportedCounts],
    as_of: date | None = None,
) -> PlanInputs:
    """What a plan of this tenant is made from: tonight's refresh dates and every one reconciled before.

    counts_from: which report is observed. tonight: loaded or not, it stands in for what was landed of its dates.
    as_of: the day on which these reports are judged, UTC.
    """
    scope = reconciled_dates(conn, tenant) | {reported.refreshed_on for reported in tonight}
    observed = [said.refreshed_on for said in tonight if said.report == counts_from]
    inputs = _read_inputs(conn, tenant, counts_from, tonight, scope)
    return replace(inputs, as_of=as_of, observed_on=max(observed, default=None))


def read_replay_inputs(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    given: Sequence[ReportedCounts],
    as_reconciled: Collection[str] = (),
    as_of: date | None = None,
) -> PlanInputs:
    """What a replay of these reports is made from: their own refresh dates alone. Their age is no reason to hold it.

    as_reconciled: reports that will have been reconciled by then, as a preview must assume of the dates before.
    """
    scope = {reported.refreshed_on for reported in given}
    return replace(_read_inputs(conn, tenant, counts_from, given, scope, as_reconciled), as_of=as_of)


def _read_inputs(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    given: Sequence[ReportedCounts],
    scope: Collection[date],
    as_reconciled: Collection[str] = (),
) -> PlanInputs:
    observed = {said.refreshed_on for said in given if said.report == counts_from}
    before = {day: read_settled_before(conn, tenant, day, counts_from, as_reconciled) for day in observed}
    compared = observed if counts_from is not PUBLISHED else ()
    near = {day: read_reported_near(conn, tenant, day, given, as_reconciled) for day in compared}
    return PlanInputs(
        tenant=tenant,
        states=_states(_read_sides(conn, tenant, counts_from, given, scope)),
        sizes=_sizes(conn, tenant, given, as_reconciled),
        newest_reconciled_on=newest_reconciled_on(conn, tenant),
        settled_before={day: found for day, found in before.items() if found},
        reported_near={day: found for day, found in near.items() if found},
        served_on=_served_on(conn, tenant, given),
    )


def _served_on(conn: Connection, tenant: str, given: Sequence[ReportedCounts]) -> date | None:
    """The refresh date of the counts report that Graph serves: tonight's, else that of the one it gave last."""
    tonight = [said.refreshed_on for said in given if said.report == PUBLISHED]
    last = None if tonight else newest_landed(conn, tenant, PUBLISHED)
    return last.refreshed_on if last else max(tonight, default=None)


def read_inputs_without(
    conn: Connection, tenant: str, counts_from: Report, on: date, without: Collection[str]
) -> PlanInputs:
    """What is known of a refresh date, as if these landed reports had never been given."""
    sides = _read_sides(conn, tenant, counts_from, (), {on}, without)
    return PlanInputs(
        tenant=tenant,
        states=_states(sides),
        newest_reconciled_on=newest_reconciled_on(conn, tenant),
        served_on=_served_on(conn, tenant, ()),
    )


def _read_sides(
    conn: Connection,
    tenant: str,
    counts_from: Report,
    given: Sequence[ReportedCounts],
    scope: Collection[date],
    without: Collection[str] = (),
) -> Sides:
    """without: landed reports that count for nothing."""
    return Sides(
        observed=_read_side(conn, tenant, counts_from, given, scope, without),
        published=_read_side(conn, tenant, PUBLISHED, given, scope, without),
        warehouse=_read_warehouse(conn, tenant, scope),
        remembered=_read_remembered(conn, tenant, scope),
        planned=_read_planned(conn, tenant, scope),
    )


def _read_side(
    conn: Connection,
    tenant: str,
    report: Report,
    tonight: Iterable[ReportedCounts],
    scope: Collection[date],
    without: Collection[str],
) -> dict[Key, ReportEntry]:
    """What the newest reconciled report of each date says; tonight's in place of any other of its date."""
    given = [said for said in tonight if said.report == report and said.refreshed_on in scope]
    landed = frozenset(scope) - {said.refreshed_on for said in given}
    rows = conn.execute(newest_of_each_date(tenant, report, landed, without=without)).mappings()
    return {
        **{_key(row): ReportEntry(row["raw_report_id"], _count_row(row)) for row in rows},
        **{row.key: ReportEntry(said.landed_id, row) for said in given for row in said.rows},
    }


def _read_warehouse(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, Counts]:
    rows = conn.execute(_in_scope(activation_user_count, tenant, scope)).mappings()
    return {_key(row): counts_of(row) for row in rows}


def _read_remembered(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, RowMapping]:
    return {_key(row): row for row in conn.execute(_in_scope(sync_base, tenant, scope)).mappings()}


def _read_planned(conn: Connection, tenant: str, scope: Collection[date]) -> dict[Key, OpenUpdate]:
    """Updates that are pending, and dead letters that nothing newer has replaced."""
    newer = outbox.alias("newer")
    is_replaced = exists().where(
        newer.c.tenant == outbox.c.tenant,
        newer.c.refreshed_on == outbox.c.refreshed_on,
        newer.c.product == outbox.c.product,
        newer.c.id > outbox.c.id,
    )
    is_open = outbox.c.state.in_((OutboxState.PENDING, OutboxState.DEAD))
    rows = conn.execute(_in_scope(outbox, tenant, scope).where(is_open, ~is_replaced)).mappings()
    return {_key(row): OpenUpdate(row["state"], counts_of(row), counts_of(row, "published_")) for row in rows}


def _in_scope(table: Table, tenant: str, scope: Collection[date]) -> Select[tuple[object, ...]]:
    return select(table).where(table.c.tenant == tenant, table.c.refreshed_on.in_(scope))


def _states(known: Sides) -> tuple[KeyState, ...]:
    keys = known.observed.keys() | known.published.keys() | known.warehouse.keys() | known.remembered.keys()
    published_on = {key.refreshed_on for key in known.published}
    return tuple(_state(known, key, key.refreshed_on in published_on) for key in sorted(keys))


def _state(known: Sides, key: Key, is_published: bool) -> KeyState:
    observed, published = known.observed.get(key), known.published.get(key)
    remembered, planned = known.remembered.get(key), known.planned.get(key)
    refused, queued = (
        planned if planned and planned.state == state else None for state in (OutboxState.DEAD, OutboxState.PENDING)
    )
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
        queued=queued.counts if queued else None,
        queued_published=queued.published if queued else NOT_REPORTED,
        graph_id=remembered["graph_id"] if remembered else None,
        observed_id=observed.landed_id if observed else None,
        published_id=published.landed_id if published else None,
    )


def _product_type(
    key: Key, published: ReportEntry | None, observed: ReportEntry | None, remembered: RowMapping | None
) -> str:
    """As Graph's counts report spells it, since that is what a PATCH must name; else the next best we know."""
    if said := published or observed:
        return said.row.product_type
    return str(remembered["product_type"]) if remembered else key.product


def _memory(remembered: RowMapping | None, prefix: str) -> Counts:
    return counts_of(remembered, prefix) if remembered else NOT_REPORTED


def _sizes(
    conn: Connection, tenant: str, given: Iterable[ReportedCounts], as_reconciled: Collection[str] = ()
) -> tuple[ReportSize, ...]:
    judged = [said for said in given if KINDS[said.report].is_judged]
    before = [rows_before(conn, tenant, s.report, s.landed_id, s.refreshed_on, as_reconciled) for s in judged]
    return tuple(
        ReportSize(said.report, said.refreshed_on, said.rows_total, rows)
        for said, rows in zip(judged, before, strict=True)
    )


def _key(row: RowMapping) -> Key:
    return Key(row["refreshed_on"], row["product"])


def _count_row(row: RowMapping) -> CountRow:
    return CountRow(row["refreshed_on"], row["product"], row["product_type"], counts_of(row))
