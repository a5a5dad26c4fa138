"""The plan of one run: what would change, what the guards say, and the digest by which a person approves it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from activation_sync.core.model import Change, ConflictPolicy, Finding, KeyState, Limits, Plan, PlanInputs
from activation_sync.core.phrases import short_digest
from activation_sync.core.rule.decide import change_of
from activation_sync.core.rule.guards import HELD_BY, judge

MOVED = "what that plan was made from has moved since, so look at the new one"
MANY_KEYS = 10_000  # to load pandas takes as long as to settle some 30,000 keys one by one


def make_plan(inputs: PlanInputs, limits: Limits) -> Plan:
    """Reconcile every key, judge the result, and seal it with its digest; whatever the order of the inputs."""
    changes = _reconcile(inputs.states, limits.conflict_policy)
    return seal(inputs, changes, judge(inputs, changes, limits))


def _reconcile(states: Sequence[KeyState], policy: ConflictPolicy) -> list[Change]:
    if len(states) < MANY_KEYS:
        return [change for state in states if (change := change_of(state, policy))]
    from activation_sync.core.rule.reconcile import reconcile

    return reconcile(states, policy)


def seal(inputs: PlanInputs, found: Iterable[Change], findings: tuple[Finding, ...] = ()) -> Plan:
    """These changes as a plan, in a stable order and with their digest."""
    changes = tuple(sorted(found, key=lambda change: change.key))
    return Plan(
        tenant=inputs.tenant,
        changes=changes,
        findings=findings,
        digest=_digest(inputs.tenant, changes, findings),
        kept=len(inputs.states) - len(changes),
        observed_on=inputs.observed_on,
        newest_reconciled_on=inputs.newest_reconciled_on,
        served_on=inputs.served_on,
    )


def hold_if_not_approved(plan: Plan, approved: str = "") -> None:
    """Raise the HeldError of the first finding, with every message and the remedy, unless this plan was approved.

    approved: the whole digest of the plan that a person approved; empty when nobody approved any.
    """
    if not plan.is_held or plan.digest == approved:
        return
    other = f" (the approval given, {short_digest(approved)}, is of another plan; {MOVED})" if approved else ""
    message = f"{held_words(plan, short_digest(plan.digest))}{other}"
    raise HELD_BY[plan.findings[0].guard](message, plan.digest)


def held_words(plan: Plan, digest: str) -> str:
    """Why a plan is held, and how to approve it. digest: whole, where no run was held with the plan yet."""
    reasons = "; ".join(finding.message for finding in plan.findings)
    return f"held before any write: {reasons}. If this is right, approve with --approve {digest}"


def _digest(tenant: str, changes: tuple[Change, ...], findings: tuple[Finding, ...]) -> str:
    content = {
        "tenant": tenant,
        "changes": [_content(change) for change in changes],
        "findings": [[finding.guard, finding.message] for finding in findings],
    }
    canonical = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def _content(change: Change) -> Mapping[str, object]:
    return {
        "key": [change.key.refreshed_on.isoformat(), change.key.product],
        "decisions": change.decisions,
        "settled": change.settled,
        "published": change.published,
        "flags": [change.is_written, change.is_pushed, change.waits_for_report],
    }
