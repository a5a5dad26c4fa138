"""Scripted bad answers: queued per operation, used up one by one, and counted, so that a test can prove its fault."""

from dataclasses import dataclass, replace
from typing import Literal

from activation_sync.emulator.http.answers import Visit
from activation_sync.emulator.tenant.editions import REPORTS
from activation_sync.emulator.tenant.published import same_product

RESOURCE = "office365ActivationsUserCounts"
PATCH, GET, DELETE = (f"{method} {RESOURCE}" for method in ("PATCH", "GET", "DELETE"))
REPORT_GETS = tuple(f"GET {report}" for report in REPORTS)
DOWNLOADS = tuple(f"download {report}" for report in REPORTS)
BATCH, TOKEN, DISCOVERY, SETTINGS = "POST $batch", "token", "discovery", "GET admin/reportSettings"
GRAPH_OPERATIONS = (*REPORT_GETS, PATCH, GET, DELETE, BATCH, SETTINGS)
OPERATIONS = (DISCOVERY, TOKEN, *GRAPH_OPERATIONS, *DOWNLOADS)

_ANYWHERE = OPERATIONS
_REPORT = (*REPORT_GETS, *DOWNLOADS)
# kind: operations it may be scripted for; what each kind does stands in `mischief`
KINDS: dict[str, tuple[str, ...]] = {
    "status": _ANYWHERE,
    "html": _ANYWHERE,
    "reset-before-answer": _ANYWHERE,
    "reset-within-body": _ANYWHERE,
    "reset-after-body": _ANYWHERE,
    "answer-lost": _ANYWHERE,
    "cut-length": _ANYWHERE,
    "cut-chunked": _ANYWHERE,
    "cut-clean": _ANYWHERE,
    "drip": _ANYWHERE,
    "expired-token": GRAPH_OPERATIONS,
    "claims-challenge": GRAPH_OPERATIONS,
    "unknown-tenant": REPORT_GETS,
    "expired-url": DOWNLOADS,
    "ignored": (PATCH,),
    "echoed": (PATCH,),
    "touched": (PATCH,),
    "overtaken": (PATCH,),
    "empty": _REPORT,
    "header-only": _REPORT,
    "first-100-rows": _REPORT,
    "duplicate-row": _REPORT,
    "words-for-numbers": _REPORT,
    "utf-16": _REPORT,
    "columns-2017": _REPORT,
    "date-backwards": _REPORT,
    "restated": _REPORT,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad answer. `Fault(503)` is a status; anything else is named by its kind (see `KINDS`).

    retry_after_s: seconds, sent as `Retry-After`, as a number or as an HTTP date. body: a vendor-shaped error, nothing,
    or an HTML page. product: only the PATCH of this product row. after_bytes: where a body breaks; None: half way.
    pause_s: seconds between two bytes of a drip.
    """

    status: int | None = None
    kind: str = "status"
    retry_after_s: int | None = None
    retry_after_form: Literal["seconds", "http-date"] = "seconds"
    code: str | None = None
    message: str | None = None
    body: Literal["error", "empty", "html"] = "error"
    product: str | None = None
    after_bytes: int | None = None
    pause_s: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.kind == "status" and self.status is None:
            raise ValueError("a fault of kind 'status' needs a status, as in Fault(503)")


@dataclass(frozen=True, slots=True)
class ScriptedFault:
    """A fault in the queue of its operation. tenant: a tenant's id, name or domain; None: whichever comes."""

    operation: str
    fault: Fault
    tenant: str | None = None
    times_left: int = 1

    def fits(self, visit: Visit) -> bool:
        """True when this visit is to meet the fault."""
        return (
            self.operation == visit.operation
            and (self.tenant is None or (visit.tenant is not None and self.tenant.lower() in visit.tenant.names))
            and (self.fault.product is None or same_product(self.fault.product) == same_product(visit.product))
            and (self.fault.kind != "claims-challenge" or visit.has_cp1)
        )


class FaultQueue:
    """Faults still to happen, in the order they were scripted. Callers hold the emulator's lock."""

    def __init__(self) -> None:
        self._waiting: list[ScriptedFault] = []

    def add(self, scripted: ScriptedFault) -> None:
        """Queue a fault; refuses an operation that does not exist or cannot have it."""
        if scripted.operation not in OPERATIONS:
            raise ValueError(f"no operation is called {scripted.operation!r}; there are: {', '.join(OPERATIONS)}")
        if scripted.operation not in KINDS[scripted.fault.kind]:
            raise ValueError(f"{scripted.operation!r} cannot have the fault {scripted.fault.kind!r}")
        if scripted.times_left < 1:
            raise ValueError(f"a fault happens at least once, not {scripted.times_left} times")
        self._waiting.append(scripted)

    def take(self, visit: Visit) -> Fault | None:
        """The first fault that fits this visit, used up once."""
        for index, scripted in enumerate(self._waiting):
            if scripted.fits(visit):
                self._use(index, scripted)
                return scripted.fault
        return None

    def unused(self) -> tuple[ScriptedFault, ...]:
        return tuple(self._waiting)

    def clear(self) -> None:
        self._waiting.clear()

    def _use(self, index: int, scripted: ScriptedFault) -> None:
        if scripted.times_left == 1:
            del self._waiting[index]
        else:
            self._waiting[index] = replace(scripted, times_left=scripted.times_left - 1)
