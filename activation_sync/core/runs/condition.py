"""The condition of a tenant, and the troubles it may have: one table each. Pure."""

from enum import StrEnum
from typing import Any


class Condition(StrEnum):
    """The condition of a tenant: a row each, the most urgent first.

    rank: its place in the table, from 0. exit_code: of `status`; 0 where nobody has to do anything. is_pressing: a
    fleet names the tenant. fails_flow: a flow run over the tenant shows as failed in the dashboard. remedy: what to do;
    {0} is the tenant.
    """

    rank: int
    exit_code: int
    is_pressing: bool
    fails_flow: bool
    remedy: str

    def __new__(cls, value: str, *row: Any) -> "Condition":
        condition = str.__new__(cls, value)
        condition._value_, condition.rank = value, len(cls.__members__)
        condition.exit_code, condition.is_pressing, condition.fails_flow, condition.remedy = row
        return condition

    # fmt: off
    FAILED      = "failed",      1, True,  True,  "`activation-sync check {0}`; the next night tries it again"
    # its last run never ended, and nobody works on it
    LOST        = "lost",        1, True,  True,  "start the fleet again or wait a night; see the runbook"
    HELD        = "held",        3, True,  True,  "`activation-sync plan {0}`, then `sync {0} --approve DIGEST`"
    QUARANTINED = "quarantined", 1, True,  False, "fix the cause, then `activation-sync sync {0}`; a good run ends it"
    NOT_OFFERED = "not-offered", 5, True,  False, "fix write_back.path, or set write_back.enabled = false"
    UNSETTLED   = "unsettled",   4, True,  False, "`activation-sync conflicts {0}`, `dead-letters {0}`, `plan {0}`"
    STALE       = "stale",       4, True,  False, "`activation-sync check {0}`; if all is ok, Microsoft is late"
    PUT_OFF     = "put-off",     0, True,  False, "nothing: it is tried again, at the latest the next night"
    # well when it last ran, and that was not tonight
    NOT_RUN     = "not-run",     0, True,  False, "start the fleet again with unless_done, or wait for the next night"
    NEVER_RUN   = "never-run",   0, True,  False, "nothing: it has not run yet"
    RUNNING     = "running",     0, False, False, "nothing"
    FINE        = "fine",        0, False, False, ""
    # fmt: on

    @property
    def state_name(self) -> str:
        """The state in which a flow run ends that names it."""
        return "Completed" if self is Condition.FINE else self.name.title().replace("_", "")


class Trouble(StrEnum):
    """What may be wrong with a tenant. It lasts from run to run, until a run finds it gone."""

    HELD = "held"
    FAILED = "failed"
    CONFLICT = "conflict"
    DEAD_LETTER = "dead-letter"
    STALE_REPORT = "stale-report"
    NOT_OFFERED = "write-back-not-offered"
    QUARANTINED = "quarantined"
