"""Words for the faults of a night, and the two ways of delivering that each of them is tried on."""

import pytest

from activation_sync.emulator import Fault
from tests.support.sites.site import Site

COUNTS, DETAIL, PLATFORMS = (
    f"getOffice365Activations{name}" if name else "getOffice365ActivationCounts"
    for name in ("UserCounts", "UserDetail", "")
)
READ_BACK = "GET office365ActivationsUserCounts"
BATCH = "POST $batch"
Night = list[tuple[str, Fault] | tuple[str, Fault, int]]

both_ways = pytest.mark.parametrize(
    ("warehouse_url", "batch_size"),
    [pytest.param("sqlite", 1, id="one-by-one-sqlite"), pytest.param("postgresql", 20, id="batched-postgresql")],
    indirect=["warehouse_url"],
)


def script(site: Site, night: Night) -> None:
    """Queue these faults; the site fails the test when one of them does not happen."""
    for operation, fault, *times in night:
        site.emulator.will_answer(operation, fault, times=times[0] if times else 1)
