"""What a plan and a run came to, in small values that may be shown anywhere: free of secrets and of user names."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from activation_sync.core.rule.delivery import Delivery, Verification
from activation_sync.core.rule.planned import PlannedChange, Sending
from activation_sync.core.rule.reasons import change_rows
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.words import left_out_words, stale_words


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is shown: counts in rows, and the first of its changes.

    digest: empty when there was no plan. findings: what the guards object to; empty when the run may go on.
    approved_by: who let it go on all the same. waiting_past: those of the waiting rows whose counts report Graph will
    not serve again, and waiting_past_on: their refresh dates; `changes` leaves them out if nothing else is to be said
    of them.
    """

    tenant: str
    digest: str = ""
    observed_on: date | None = None
    newest_reconciled_on: date | None = None
    findings: tuple[str, ...] = ()
    decisions: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    written: int = 0
    pushed: int = 0
    waiting: int = 0
    conflicts: int = 0
    approved_by: str = ""
    waiting_past: int = 0
    waiting_past_on: tuple[date, ...] = ()
    sending: Sending = Sending.NOW
    is_write_back_on: bool = True
    changes: tuple[PlannedChange, ...] = ()

    @property
    def is_held(self) -> bool:
        return bool(self.findings)

    @property
    def table(self) -> list[dict[str, str]]:
        """The changes for people, a row each."""
        return change_rows(self.changes, self.sending, self.is_write_back_on)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did; small and free of secrets and names, so that it may be shown anywhere.

    plan: what it planned, as far as it came. left_out: what Graph said of each report that it refused for good, and
    that the night did without. error_kind: the name of the error that failed or held it.
    put_off_until: when Graph may be asked again. troubles: what is amiss with the tenant after it, in numbers
    (`core/runs/alerts.py`), so that the next run can compare. head: of the ledger, when it ended.
    """

    plan: PlanView
    run_id: str
    as_of: date
    outcome: Outcome
    dead_letters: int = 0
    delivery: Delivery = field(default_factory=Delivery)
    verification: Verification = field(default_factory=Verification)
    is_stale: bool = False
    left_out: tuple[str, ...] = ()
    error: str = ""
    error_kind: str = ""
    put_off_until: datetime | None = None
    troubles: dict[str, int] = field(default_factory=dict)
    head: str = ""

    @property
    def tenant(self) -> str:
        return self.plan.tenant

    @property
    def facts(self) -> dict[str, Any]:
        """Run and plan as one flat table, for machines: what `--json` prints and the record of runs keeps."""
        plan = {REFRESHED_ON.get(name, name): getattr(self.plan, name) for name in PLAN_FIELDS}
        return plan | {name: getattr(self, name) for name in RUN_FIELDS}


REFRESHED_ON = {"observed_on": "refreshed_on"}  # the only fact that has a name of its own
PLAN_FIELDS = tuple(one.name for one in fields(PlanView))
RUN_FIELDS = tuple(one.name for one in fields(RunSummary) if one.name != "plan")


def fields_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a summary from its facts, as `RunSummary.facts` gives them; what is missing is left out."""
    plan = {name: facts[fact] for name in PLAN_FIELDS if (fact := REFRESHED_ON.get(name, name)) in facts}
    return {name: facts[name] for name in RUN_FIELDS if name in facts} | {"plan": plan}


def outcome_words(summary: RunSummary) -> str:
    """How a run ended, and what to do next, in a sentence or two."""
    return f"{summary.outcome.words(summary)}{stale_words(summary)}{left_out_words(summary)}"


def outcome_of(plan: PlanView, delivery: Delivery, verification: Verification, dead_letters: int) -> Outcome:
    """How a run ended that did all its steps; the most urgent reason wins.

    dead_letters: open ones of the tenant, also from earlier runs: someone still has to look.
    """
    if not delivery.is_offered:
        return Outcome.NOT_OFFERED
    if plan.conflicts or dead_letters or verification.different or delivery.left_over:
        return Outcome.UNSETTLED
    is_new = plan.observed_on not in (None, plan.newest_reconciled_on)  # None: tonight's report was withdrawn
    did_something = is_new or plan.written or plan.pushed or delivery.acknowledged
    return Outcome.DONE if did_something else Outcome.NOTHING_NEW
