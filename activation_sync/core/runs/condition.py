"""The condition of a tenant, and the troubles it may have: one table each. Pure."""

from enum import StrEnum


class Condition(StrEnum):
    """The condition of a tenant: a row each, the most urgent first.

    rank: its place in the table, from 0. is_pressing: somebody should look at the tenant. fails_flow: a flow run over
    the tenant shows as failed in the dashboard. remedy: what to do; {0} is the tenant.
    """

    rank: int
    is_pressing: bool
    fails_flow: bool
    remedy: str

    def __new__(cls, value: str, is_pressing: bool, fails_flow: bool, remedy: str) -> "Condition":
        condition = str.__new__(cls, value)
        condition._value_, condition.rank = value, len(cls.__members__)
        condition.is_pressing, condition.fails_flow, condition.remedy = is_pressing, fails_flow, remedy
        return condition

    # fmt: off
    FAILED      = "failed",      True,  True,  "`activation-sync check {0}`; the next night tries it again"
    # its last run never ended, and nobody works on it
    LOST        = "lost",        True,  True,  "start the fleet again or wait a night; the runbook says why workers die"
    HELD        = "held",        True,  True,  "`activation-sync plan {0}`, then `sync {0} --approve DIGEST`"
    QUARANTINED = "quarantined", True,  False, "fix the cause, then `activation-sync sync {0}`; a good run ends it"
    NOT_OFFERED = "not-offered", True,  False, "fix write_back.path, or set write_back.enabled = false"
    UNSETTLED   = "unsettled",   True,  False, "`activation-sync conflicts {0}`, `dead-letters {0}`; then decide"
    STALE       = "stale",       True,  False, "`activation-sync check {0}`; if all is ok, Microsoft is late"
    PUT_OFF     = "put-off",     True,  False, "nothing: it is tried again, at the latest the next night"
    # well when it last ran, and that was not tonight
    NOT_RUN     = "not-run",     True,  False, "start the fleet again with unless_done, or wait for the next night"
    NEVER_RUN   = "never-run",   True,  False, "nothing: it has not run yet"
    RUNNING     = "running",     False, False, "nothing"
    FINE        = "fine",        False, False, ""
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
