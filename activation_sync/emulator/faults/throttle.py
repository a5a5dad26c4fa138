"""The documented throttling windows, and the judge of clients that come back before they may."""

import math
from dataclasses import dataclass
from hashlib import sha256

from activation_sync.emulator.faults.faults import BATCH
from activation_sync.emulator.http.answers import Visit

# learn.microsoft.com/graph/throttling-limits, Microsoft 365 reports; each report function counts on its own
WINDOW_S = 600
CSV_A_WINDOW = 14  # of one application in one tenant
CSV_A_WINDOW_ALL_APPLICATIONS = 40  # in one tenant
JSON_A_WINDOW = 100  # of one application in one tenant

IN_FLIGHT_S = 1.0  # a call about another row may have left before the client had read the 429
TOLERANCE_S = 0.05  # clocks of two threads, read one after the other


class Throttle:
    """Counts requests in windows of ten minutes. Callers hold the emulator's lock."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, ...], tuple[float, int]] = {}

    def wait_s(self, visit: Visit, *, is_json: bool, now_s: float) -> int | None:
        """Count one report request; the seconds to wait when it is one too many. A refused request counts too."""
        tenant_id, report = visit.owner.tenant_id, visit.operation
        limits: dict[tuple[str, ...], int] = (
            {("json", visit.app_id, tenant_id, report): JSON_A_WINDOW}
            if is_json
            else {
                ("csv", visit.app_id, tenant_id, report): CSV_A_WINDOW,
                ("csv", tenant_id, report): CSV_A_WINDOW_ALL_APPLICATIONS,
            }
        )
        waits = [self._count(key, limit, now_s) for key, limit in limits.items()]
        return max((wait for wait in waits if wait is not None), default=None)

    def _count(self, key: tuple[str, ...], limit: int, now_s: float) -> int | None:
        since_s, count = self._windows.get(key, (now_s, 0))
        if now_s - since_s >= WINDOW_S:
            since_s, count = now_s, 0
        self._windows[key] = since_s, count + 1
        return math.ceil(since_s + WINDOW_S - now_s) if count >= limit else None


@dataclass(frozen=True, slots=True)
class Wait:
    """A `Retry-After` that was sent: when, and the first moment its client may come back; scenario seconds."""

    asked_at_s: float
    until_s: float


class Judge:
    """Remembers every `Retry-After` and notes who does not obey it. Callers hold the emulator's lock.

    A 429 to one PATCH binds that row, and other rows too once the client has had a second to read it, and so does one
    to a whole batch; in a batch, where each item is throttled individually, it binds its own row alone.
    """

    def __init__(self) -> None:
        self._waits: dict[tuple[str, ...], Wait] = {}

    def watch(self, visit: Visit, now_s: float) -> None:
        """Note a violation when this visit comes too early."""
        exact, broad = _keys(visit)
        for key, grace_s in ((exact, 0.0), (broad, IN_FLIGHT_S)):
            wait = self._waits.get(key)
            if wait and wait.asked_at_s + grace_s <= now_s < wait.until_s - TOLERANCE_S:
                visit.violations.append(f"came back {wait.until_s - now_s:.1f} s before Retry-After allowed")
                return

    def note(self, visit: Visit, now_s: float, wait_s: float) -> None:
        """Remember that this visit was asked to wait."""
        exact, broad = _keys(visit)
        for key in {exact} if visit.call.is_batch_item else {exact, broad}:
            self._waits[key] = Wait(now_s, now_s + wait_s)


def _keys(visit: Visit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two names of what is asked to wait: the row or the very batch, and the operation as a whole."""
    tenant_id = visit.tenant.tenant_id if visit.tenant else ""
    broad = (tenant_id, visit.app_id, visit.operation)
    exact = sha256(visit.call.body).hexdigest() if visit.operation == BATCH else visit.product
    return (*broad, exact), broad
