"""Who approves which held plan; settled once, before anything is done."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from prefect import runtime

from activation_sync.core.rule.approvals import choose_digest, is_whole, normal_digest
from activation_sync.core.stamp import claimed
from activation_sync.errors import ChoiceError
from activation_sync.warehouse.database.engine import reading
from activation_sync.warehouse.database.schema import refuse_other_schema
from activation_sync.warehouse.runs.runs import read_held_plans
from tasks.policy import patiently
from tasks.wiring import account, open_warehouse


@dataclass(frozen=True, slots=True)
class Approval:
    """digest: the whole one, of the plan that may go on; empty when none may. who: the person who says so."""

    digest: str = ""
    who: str = ""


NONE = Approval()


def approval_of(tenants: Collection[str], given: str | None, approved_by: str = "") -> Approval:
    """What a person approves of these tenants. given: a digest, or the beginning of one that a run was held with.

    approved_by: the name that the dashboard's form gives. Raises ChoiceError unless one plan and one person are meant.
    """
    if not (digest := normal_digest(given)):
        return NONE
    who = _approver(approved_by)
    return Approval(digest if is_whole(digest) else patiently(partial(_look_up, tenants, digest)), who)


def _approver(approved_by: str) -> str:
    """Whoever types a command is the account that it runs as; a form runs as the worker's, and asks for a name."""
    if not runtime.deployment.id:
        return account()
    if not approved_by.strip():
        raise ChoiceError("an approval needs a name: fill in approved_by; the ledger keeps it, as claimed")
    return claimed(approved_by)


def _look_up(tenants: Collection[str], beginning: str) -> str:
    refuse_other_schema(open_warehouse())
    with reading(open_warehouse()) as connection:
        meant, held = read_held_plans(connection, tenants, beginning), read_held_plans(connection, tenants)
    return choose_digest(beginning, meant, held)
