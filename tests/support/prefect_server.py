"""A Prefect server for the tests, started once a session by the first that needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.5",  # tests look at events
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


@contextmanager
def serving_prefect() -> Iterator[None]:
    """Flows run against a server of the session's own; heartbeats off, as each costs a flow run a second.

    It keeps no rows of task runs and starts no automations: half of its work, and nothing here asks for it.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_LOGGING_LEVEL, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    quiet = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_LEVEL: "ERROR"}
    with prefect_test_harness(server_startup_timeout=120), temporary_settings(quiet):
        yield
