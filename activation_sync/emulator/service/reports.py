"""The three report functions, their download hop, and the tenant's report settings."""

import base64
import binascii
import json
from dataclasses import replace
from datetime import date
from typing import Any

from activation_sync.emulator.faults.twists import twisted
from activation_sync.emulator.http.answers import EmulatedReply, Refusal, Visit, json_reply
from activation_sync.emulator.service.render import csv_chunks, json_rows
from activation_sync.emulator.service.world import World
from activation_sync.emulator.tenant.editions import TABLES, Edition

CSV, JSON = "text/csv", "application/json"
LARGEST_PAGE_USERS = 999


def media_of(visit: Visit) -> str:
    """The format asked for: `$format` in any case, percent-encoded or not; v1.0 has CSV only."""
    wanted = visit.call.query.get("$format", CSV).lower()
    if wanted not in (CSV, JSON):
        raise Refusal(400, "", f"{wanted} format is not supported.")
    if wanted == JSON and visit.call.path.lower().startswith("/v1.0/"):
        raise Refusal(400, "", "JSON format is not supported.")
    return wanted


def serve_report(world: World, visit: Visit) -> EmulatedReply:
    """A report function: CSV by redirect, JSON by pages, 304 when the client has it already."""
    require_role(visit, "Reports.Read.All")
    media = media_of(visit)
    edition = twisted(world.edition(visit.owner, visit.operation.removeprefix("GET ")), visit.fault)
    etag = {"ETag": edition.etag(media)}
    if visit.call.headers.get("if-none-match") == etag["ETag"]:
        return EmulatedReply(304, headers=etag)
    if media == JSON:
        return _json_page(world, visit, edition).with_headers(etag)
    return EmulatedReply(302, headers={"Location": world.issue_ticket(edition), "Content-Type": "text/plain", **etag})


def admit_to_download(world: World, visit: Visit) -> None:
    """Find the ticket. A token has no business here: the URL is the credential."""
    ticket = world.ticket(_ticket_name(visit))
    visit.tenant = ticket.edition.tenant
    if "authorization" in visit.call.headers:
        visit.violations.append("sent an Authorization header to the download host")
        raise Refusal(401, "InvalidAuthenticationToken", "A pre-authenticated URL takes no Authorization header.")


def serve_download(world: World, visit: Visit) -> EmulatedReply:
    """The CSV behind a pre-authenticated URL, streamed."""
    ticket = world.ticket(_ticket_name(visit))
    if world.clock.now() >= ticket.expires_at:
        raise expired_url()
    edition = twisted(ticket.edition, visit.fault)
    headers = {"Content-Type": "application/octet-stream", "ETag": edition.etag(CSV)}
    name = {"Content-Disposition": f'attachment; filename="{edition.report[3:]}.csv"'}
    return EmulatedReply(200, csv_chunks(edition), headers | name)


def expired_url() -> Refusal:
    return Refusal(403, "AccessDenied", "This download has expired. Ask for the report again.")


def serve_settings(world: World, visit: Visit) -> EmulatedReply:
    """Whether the reports show concealed names."""
    require_role(visit, "ReportSettings.Read.All")
    version = visit.call.path.strip("/").split("/")[0]
    context = f"{world.root}/{version}/$metadata#admin/reportSettings/$entity"
    return json_reply({"@odata.context": context, "displayConcealedNames": world.scenario.conceal_names})


def require_role(visit: Visit, role: str) -> None:
    """Refuse a token that lacks an application permission."""
    if role not in visit.roles:
        raise Refusal(403, "S2SUnauthorized", "Invalid permission(s).")


def _ticket_name(visit: Visit) -> str:
    return visit.call.path.rsplit("/", 1)[-1]


def _json_page(world: World, visit: Visit, edition: Edition) -> EmulatedReply:
    if edition.is_blank:
        return EmulatedReply(200, b"", {"Content-Type": JSON})
    if not TABLES[edition.report].once_a_user:
        return json_reply({"value": json_rows(edition)})
    begun = {"day": edition.day, "dated": edition.dated.toordinal(), "from": 0, "top": _top(world, visit)}
    page = _page_asked_for(visit) or begun
    edition = replace(edition, day=page["day"], dated=date.fromordinal(page["dated"]))
    after = page["from"] + page["top"]
    context = f"{world.root}/beta/$metadata#Collection(microsoft.graph.{edition.report[3].lower()}{edition.report[4:]})"
    answer: dict[str, Any] = {"@odata.context": context}
    if after < edition.users:
        answer["@odata.nextLink"] = _next_link(world, edition.report, page | {"from": after})
    return json_reply(answer | {"value": json_rows(edition, page["from"], after)})


def _top(world: World, visit: Visit) -> int:
    text = visit.call.query.get("$top", str(world.scenario.page_users))
    if not text.isdecimal() or int(text) == 0:
        raise Refusal(400, "BadRequest", f"Invalid value '{text}' for $top query option found.")
    return min(int(text), LARGEST_PAGE_USERS)


def _next_link(world: World, report: str, page: dict[str, int]) -> str:
    token = base64.urlsafe_b64encode(json.dumps(page).encode()).decode().rstrip("=")
    return f"{world.root}/beta/reports/{report}/content?$format=application/json&$skiptoken={token}"


def _page_asked_for(visit: Visit) -> dict[str, int] | None:
    """The page a `$skiptoken` stands for; later pages keep the size and the refresh date of the first."""
    token = visit.call.query.get("$skiptoken")
    if token is None:
        return None
    try:
        page: dict[str, int] = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return {name: int(page[name]) for name in ("day", "dated", "from", "top")}
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refusal(400, "BadRequest", "The skip token isn't valid.") from None
