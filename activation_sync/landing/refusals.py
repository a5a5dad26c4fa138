"""What a file system or an object store refuses, in words that name the landing and the remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from activation_sync.errors import LandingBusyError, LandingError

NOT_ALLOWED = "may not be used by this account; grant it to list, read, write and delete there"
REMEDIES = {
    errno.ENOENT: "is not there; make the folder, the bucket or the container, or fix the landing's URL",
    errno.ENOSPC: "is full; free space there, or point the landing at a larger disk",
    errno.EDQUOT: "is over its quota; free space there, or raise the quota",
    errno.EFBIG: "refuses a file of this size; raise the limit on file sizes, or point the landing elsewhere",
    errno.EACCES: NOT_ALLOWED,
    errno.EPERM: NOT_ALLOWED,
    errno.EROFS: "is on a read-only file system; point the landing at one that can be written",
}
# s3fs says so of "slow down" and of faults inside the store
PASSING = {errno.EBUSY, getattr(errno, "EREMOTEIO", errno.EBUSY)}
# The libraries below fsspec let some errors of their own through. They are told by name, for they may not be installed.
STORE_ERRORS = {"BotoCoreError", "ClientError", "AzureError"}
OUT_OF_REACH = {"ConnectionError", "HTTPClientError", "ServiceRequestError", "ServiceResponseError"}
MOST_WORDS = 200


@contextmanager
def naming_refusals(url: str) -> Iterator[None]:
    """LandingError for what a person must fix, LandingBusyError for what passes; anything else is a bug."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and not _kinds(error) & (STORE_ERRORS | OUT_OF_REACH):
            raise
        if _is_passing(error):
            raise LandingBusyError(
                f"the landing {url} is out of reach or overloaded ({type(error).__name__}); "
                "if it stays so, look at the network, and at the endpoint where one is set"
            ) from error
        raise LandingError(f"the landing {url} {_remedy(error)}") from error


def _is_passing(error: Exception) -> bool:
    is_unanswered = isinstance(error, TimeoutError | ConnectionError)
    return is_unanswered or _number(error) in PASSING or bool(_kinds(error) & OUT_OF_REACH)


def _remedy(error: Exception) -> str:
    words = _words(error)
    if remedy := REMEDIES.get(_number(error)):
        return remedy if isinstance(error, OSError) and error.errno else f"{remedy} ({words})"
    return f"cannot be used ({words}); check the landing's URL, and the credentials where it is an object store"


def _number(error: Exception) -> int:
    """The operating system's number for it; s3fs and adlfs raise the right class and often leave the number out."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    if isinstance(error, PermissionError) or "ClientAuthenticationError" in _kinds(error):
        return errno.EACCES
    return errno.ENOENT if isinstance(error, FileNotFoundError) else 0


def _words(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error)
    return said.partition("\n")[0][:MOST_WORDS]


def _kinds(error: Exception) -> set[str]:
    """The names of its classes, and of those of what led to it: adlfs wraps errors of Azure's library as bugs."""
    causes = [error, *([error.__cause__] if error.__cause__ else [])]
    return {kind.__name__ for cause in causes for kind in type(cause).__mro__}
