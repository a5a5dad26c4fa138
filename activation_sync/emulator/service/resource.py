"""`office365ActivationsUserCounts`: read, changed and deleted one product row at a time.

The URL has no key, so the body says which row is meant: by `id`, else by `reportRefreshDate` and `productType`.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

from activation_sync.emulator.http.answers import EmulatedReply, Refusal, Visit, json_reply
from activation_sync.emulator.service.identity import admit_to_graph
from activation_sync.emulator.service.updates import COUNTS, ODATA_TYPE, Update, read_body, read_date, read_update
from activation_sync.emulator.service.world import World
from activation_sync.emulator.tenant.figures import EmulatedCounts
from activation_sync.emulator.tenant.published import PublishedRow, same_product

_CLAUSE = re.compile(r"\s*(\w+)\s+eq\s+('(?:[^']|'')*'|[^\s']+)\s*")
_ETAG = re.compile(r'(W/)?"[^"]*"|\*')
_FIGURES_MOVED = {"touched": 0, "overtaken": 7}  # by how much another client, which came first, moves each figure


def admit_to_row(world: World, visit: Visit) -> None:
    """Admit as Graph does, and learn which product row the body is about, if it says so."""
    admit_to_graph(world, visit)
    body = read_body(visit.call)
    row = world.published.by_id(visit.owner.tenant_id, str(body.get("id")))
    visit.product = same_product(row.product_type if row else str(body.get("productType", "")))


def serve_patch(world: World, visit: Visit) -> EmulatedReply:
    """Change one row; properties that are absent stay as they are."""
    update = read_update(visit.call)
    row = _addressed(world, visit, update)
    if visit.fault in _FIGURES_MOVED:
        _write_first(world, row, _FIGURES_MOVED[visit.fault])
        raise _other_version()
    _refuse_other_version(visit, row)
    counts = row.counts._replace(**update.counts)
    patched = row.patched(counts, update.product_type or row.product_type, world.clock.refreshes, world.shown_from())
    if visit.fault not in ("ignored", "echoed"):
        world.published.put(patched)
    answered = row if visit.fault == "ignored" else patched
    if "return=minimal" in visit.call.headers.get("prefer", "").replace(" ", "").lower():
        return EmulatedReply(204, headers={"Preference-Applied": "return=minimal", "ETag": answered.etag})
    return json_reply(as_resource(answered), headers={"ETag": answered.etag})


def serve_get(world: World, visit: Visit) -> EmulatedReply:
    """The rows that `$filter` leaves: the row itself under `value` when it is one, else a list."""
    rows = _filtered(world, visit)
    if len(rows) == 1:
        return json_reply({"value": as_resource(rows[0])}, headers={"ETag": rows[0].etag})
    return json_reply({"value": [{"@odata.etag": row.etag, **as_resource(row)} for row in rows]})


def serve_delete(world: World, visit: Visit) -> EmulatedReply:
    """Remove one row, addressed by the body as in a PATCH, or by `$filter`."""
    by_body = bool(visit.call.body)
    row = _addressed(world, visit, read_update(visit.call)) if by_body else _only(_filtered(world, visit))
    _refuse_other_version(visit, row)
    world.published.remove(visit.owner.tenant_id, row)
    return EmulatedReply(204)


def refuse_method(*_: object) -> NoReturn:
    raise Refusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def as_resource(row: PublishedRow) -> dict[str, Any]:
    """The row as the documentation page shows it."""
    return {
        "@odata.type": ODATA_TYPE,
        "id": row.id,
        "productType": row.product_type,
        "reportRefreshDate": row.refreshed_on.isoformat(),
        **dict(zip(COUNTS, row.counts, strict=True)),
    }


def _addressed(world: World, visit: Visit, update: Update) -> PublishedRow:
    """The row that an update is about."""
    tenant_id, by_key = visit.owner.tenant_id, None
    if update.refreshed_on and update.product_type:
        by_key = world.published.by_key(tenant_id, update.refreshed_on, update.product_type)
    if update.id is None:
        return _named(by_key, update)
    row = world.published.by_id(tenant_id, update.id)
    if row is None and by_key is not None:
        raise Refusal(400, "BadRequest", "The property 'id' is read-only and cannot be changed.")
    if row is None:
        raise _not_found(f"id '{update.id}'")
    if not _agrees(row, update):
        raise Refusal(400, "BadRequest", "'reportRefreshDate' and 'productType' name another row than 'id' does.")
    return row


def _named(row: PublishedRow | None, update: Update) -> PublishedRow:
    if update.refreshed_on is None or update.product_type is None:
        raise Refusal(400, "BadRequest", "Name the row: 'id', or 'reportRefreshDate' and 'productType'.")
    if row is None:
        raise _not_found(f"reportRefreshDate {update.refreshed_on} and productType '{update.product_type}'")
    return row


def _agrees(row: PublishedRow, update: Update) -> bool:
    return update.refreshed_on in (None, row.refreshed_on) and (
        update.product_type is None or same_product(update.product_type) == same_product(row.product_type)
    )


def _not_found(which: str) -> Refusal:
    return Refusal(404, "Request_ResourceNotFound", f"Resource with {which} does not exist.")


def _refuse_other_version(visit: Visit, row: PublishedRow) -> None:
    """Obey `If-Match`, where it is sent."""
    wanted = visit.call.headers.get("if-match")
    if wanted is None or wanted == "*":
        return
    if not _ETAG.fullmatch(wanted):
        raise Refusal(400, "", "The If-Match header contains an invalid value.")
    if wanted != row.etag:
        raise _other_version()


def _other_version() -> Refusal:
    return Refusal(412, "resourceModified", "The resource has changed since it was read.")


def _write_first(world: World, row: PublishedRow, moved: int) -> None:
    """What another client did to the row just before."""
    counts = EmulatedCounts(*(count + moved for count in row.counts))
    world.published.put(row.patched(counts, row.product_type, world.clock.refreshes, world.shown_from()))


def _only(rows: list[PublishedRow]) -> PublishedRow:
    if not rows:
        raise _not_found("these properties")
    if len(rows) > 1:
        raise Refusal(400, "BadRequest", f"{len(rows)} rows match; name one.")
    return rows[0]


def _filtered(world: World, visit: Visit) -> list[PublishedRow]:
    tests = _tests(visit.call.query.get("$filter", ""))
    return [row for row in world.rows(visit.owner.tenant_id) if all(test(row) for test in tests)]


def _tests(text: str) -> list[Callable[[PublishedRow], bool]]:
    """The clauses of a `$filter`: `eq` on date, product or id, joined by `and`."""
    if not text.strip():
        return []
    tests, rest = [], text
    while clause := _CLAUSE.match(rest):
        tests.append(_test(clause[1], clause[2]))
        rest = rest[clause.end() :]
        if not rest:
            return tests
        if not rest.startswith("and "):
            break
        rest = rest[len("and ") :]
    raise _bad_filter()


def _test(name: str, literal: str) -> Callable[[PublishedRow], bool]:
    text = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
    try:
        if name == "reportRefreshDate":
            dated = read_date(literal)
            return lambda row: row.refreshed_on == dated
    except ValueError:
        raise _bad_filter() from None
    if name == "id":
        return lambda row: row.id == text.lower()
    if name == "productType" and literal.startswith("'"):
        return lambda row: same_product(row.product_type) == same_product(text)
    raise _bad_filter()


def _bad_filter() -> Refusal:
    return Refusal(
        400, "BadRequest", "Invalid filter clause: 'eq' on reportRefreshDate, productType or id, joined by 'and'."
    )
