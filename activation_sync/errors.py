"""Every error of the project, grouped by what to do about it.

    ActivationSyncError
    |- TransientError          try the same step again
    |  |- GraphBusyError       Graph or its token endpoint asked us to wait, or did not answer
    |  |- WarehouseBusyError   the database is locked, restarting or out of reach
    |  |- LandingBusyError     the object store of the landing is out of reach or overloaded
    |  |- TenantBusyError      another run holds the tenant's lease
    |  `- PlanMovedError       the inputs changed between plan and apply: plan again
    |- HeldError               a person must look; nothing was written
    |  |- TooMuchChangeError
    |  |- ReportShrankError
    |  |- ReportsDisagreeError
    |  |- ImpossibleDateError
    |  `- StaleReportError
    |- TenantsAmissError       some tenants of a run need someone; what became of each is in it
    |- ResultLostError         a run ended, and Prefect's server lost what it returned
    `- FatalError              fix code, configuration or permission
       |- ConfigError
       |- ChoiceError          what a person asked for is not there, or could mean several things
       |- CredentialError      the token endpoint refused us
       |- GraphRefusedError    Graph refused a call for good
       |- ReportFormatError    the bytes are not the report they should be
       |- LandingError         the landing cannot keep or give back bytes
       |- WarehouseError       the warehouse refused for good (read-only, full)
       |- SchemaVersionError
       |- LedgerError          the ledger lost what an earlier run noted of it, or a note is damaged
       |- LeaseLostError       another run took the tenant over; this one must stop
       `- WorkerLostError      the process that worked on the tenant died, time and again

A message says what happened, with numbers, and the remedy. It never holds a token, a pre-authenticated
URL, a user's name, or more than 200 characters of a body. An unexpected exception is not wrapped.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar


class ActivationSyncError(Exception):
    """Root of the tree. Takes one message, so that it survives pickling between processes.

    is_of_tenant: the error says something about its tenant: nights that end with it count towards quarantine. Any other
    is a bad day of Graph, of our own servers, or a mistake of ours.
    """

    is_of_tenant: ClassVar[bool] = False


class TransientError(ActivationSyncError):
    """The same step may succeed later, unchanged."""


class GraphBusyError(TransientError):
    """Graph or its token endpoint throttled us, failed, or did not answer.

    retry_after_s: seconds it asked us to wait; None when it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s)
        self.message = message
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message


class WarehouseBusyError(TransientError):
    """The database is locked, restarting, or out of reach."""


class LandingBusyError(TransientError):
    """The object store of the landing is out of reach, or asks for fewer requests."""


class TenantBusyError(TransientError):
    """Another run holds the lease of this tenant."""


class PlanMovedError(TransientError):
    """What the plan was made from has changed since; nothing was written."""


class HeldError(ActivationSyncError):
    """Stopped before any write; a person must look, and may approve.

    digest: of the plan that was held; empty when there was none yet.
    """

    def __init__(self, message: str, digest: str = "") -> None:
        super().__init__(message, digest)
        self.message = message
        self.digest = digest

    def __str__(self) -> str:
        return self.message


class TooMuchChangeError(HeldError):
    """The counts of a refresh date would change by more users, or more rows, than the limit allows."""


class ReportShrankError(HeldError):
    """A report is empty or lost more rows than the limit allows."""


class ReportsDisagreeError(HeldError):
    """User detail and the counts report of about the same date are further apart than the limit allows."""


class ImpossibleDateError(HeldError):
    """A report's refresh date is still to come, or older than such reports."""


class StaleReportError(HeldError):
    """A report is older than the newest one reconciled."""


class TenantsAmissError(ActivationSyncError):
    """A run of several tenants went to its end, and some of them failed or are held.

    fared: what became of each tenant, the others too.
    """

    def __init__(self, message: str, fared: Sequence[object] = ()) -> None:
        super().__init__(message, fared)
        self.message = message
        self.fared = fared

    def __str__(self) -> str:
        return self.message


class ResultLostError(ActivationSyncError):
    """A run ended, but the answer to its last call of Prefect's server was lost, and what it returned with it."""


class FatalError(ActivationSyncError):
    """Repeating cannot help; code, configuration or permission must change."""


class ConfigError(FatalError):
    """The configuration cannot be used; `problems` names every mistake, each with key and remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(self.problems)


class ChoiceError(FatalError):
    """What a person asked for is not there, or could mean several things; nothing was written."""


class CredentialError(FatalError):
    """The token endpoint refused the tenant, the application or its credential."""

    is_of_tenant = True


class GraphRefusedError(FatalError):
    """Graph refused a call for good: permission, path or body."""

    is_of_tenant = True


class ReportFormatError(FatalError):
    """The landed bytes are not the report they should be.

    reason: names line, column and value. remedy: for a report that Graph gave; a file that a person imports needs
    another.
    """

    is_of_tenant = True

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}".rstrip()


class LandingError(FatalError):
    """The landing cannot keep or give back the bytes of a report."""


class WarehouseError(FatalError):
    """The warehouse refused for good: read-only, full, or not reachable as configured."""


class SchemaVersionError(FatalError):
    """The warehouse has the schema of another version; names the command that migrates."""


class LedgerError(FatalError):
    """The ledger does not hold the head that an earlier run noted: it was cut, rewritten, or restored from a backup.

    Also when what was noted cannot be read.
    """


class LeaseLostError(FatalError):
    """Another run took this tenant over while this one was paused; it must not write any more."""


class WorkerLostError(FatalError):
    """The process that worked on a tenant died, or lost its machine, as often as it was started again."""

    is_of_tenant = True


def is_of_tenant(kind: str) -> bool:
    """True for the name of an error class that says something about its tenant; the history keeps names.

    Rename a class, and runs that it ended before count no more.
    """
    return any(error.__name__ == kind and error.is_of_tenant for error in _tree(ActivationSyncError))


def _tree(root: type[ActivationSyncError]) -> Iterator[type[ActivationSyncError]]:
    yield root
    for branch in root.__subclasses__():
        yield from _tree(branch)
