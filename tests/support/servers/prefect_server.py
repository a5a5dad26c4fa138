"""A Prefect server for the tests, started once a session by the first that needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from commands.support.servers import free_port
from tests.support.servers.prefect_home import furnish

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.5",  # tests look at events
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}
LONGEST_START_S = 120


@contextmanager
def serving_prefect() -> Iterator[None]:
    """Flows run against a server of the session's own; heartbeats off, as each costs a flow run a second.

    It keeps no rows of task runs and starts no automations: half of its work, and nothing here asks for it. What
    Prefect's own test harness does, but for the making of the tables.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from prefect.context import _temporary_global_settings_context, get_settings_context
    from prefect.events.worker import EventsWorker
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_LOGGING_LEVEL,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        temporary_settings,
    )

    with TemporaryDirectory() as home:
        settings = {
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_LEVEL: "ERROR",
            PREFECT_SERVER_DATABASE_CONNECTION_URL: furnish(Path(home)),
        }
        with temporary_settings(settings):
            server = SubprocessASGIServer()  # the one that Prefect would take for itself, too
            server.port = free_port(0)
            server.start(LONGEST_START_S)
            try:
                with (
                    temporary_settings({PREFECT_API_URL: server.api_url}),
                    _temporary_global_settings_context(get_settings_context()),  # for threads that began before
                ):
                    yield
                    EventsWorker.drain_all()
            finally:
                server.stop()
