"""A site for whole runs: an emulated Graph, a configured job, a warehouse, and what a test may look at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from activation_sync.core.reports.products import product_key
from activation_sync.core.runs.outcome import Outcome
from activation_sync.core.runs.summary import PlanView, RunSummary
from activation_sync.emulator import EmulatedTenant, Emulator, Scenario, open_emulator
from activation_sync.emulator.faults.journal import JournalEntry
from activation_sync.errors import ActivationSyncError, HeldError
from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.grants import JOB
from activation_sync.warehouse.database.schema import migrate
from config.sources import FILE_VARIABLE, use_file
from tests.support.servers.postgres import as_account
from tests.support.sites.secret_files import write_secret

PATCH = "PATCH office365ActivationsUserCounts"
COLUMNS = "refreshed_on, product, assigned, activated, shared_computer_activation"
MEASURES = ("assigned", "activated", "shared_computer_activation")
MEMORY = ", ".join(f"{kept}_{measure}" for kept in ("agreed", "observed_seen", "acknowledged") for measure in MEASURES)
ENDINGS = {  # what two runs that ended alike have in common
    "warehouse": f"SELECT {COLUMNS} FROM activation_user_count",  # noqa: S608
    "platforms": "SELECT refreshed_on, product, platform, activations FROM activation_platform_count",
    "detail": "SELECT refreshed_on, product, count(*) FROM activation_user_detail GROUP BY 1, 2",
    "memory": f"SELECT refreshed_on, product, {MEMORY} FROM sync_base",  # noqa: S608
    "in doubt": "SELECT refreshed_on, product FROM sync_base WHERE in_doubt",
    "outbox": "SELECT refreshed_on, product, state FROM outbox WHERE state IN ('pending', 'dead')",
    "ledger": "SELECT refreshed_on, product, measure, agreed, observed, warehouse, rule, settled FROM ledger "
    "WHERE kind = 'decision' AND rule <> 'keep'",
}
Row = tuple[Any, ...]
Ending = dict[str, list[str]]


@dataclass
class Job:
    """A configured job: its folder, its warehouse, and what a person with an SQL client can see and do there."""

    folder: Path
    engine: Engine

    def query(self, statement: str, **values: Any) -> list[Row]:
        with self.engine.connect() as connection:
            rows = connection.execute(text(statement), values).all()
        return [tuple(str(value) if isinstance(value, date) else value for value in row) for row in rows]

    def execute(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def ending(self) -> Ending:
        """Where the warehouse stands, without what differs from run to run."""
        return {part: sorted(map(str, self.query(query))) for part, query in ENDINGS.items()}


@dataclass
class Site(Job):
    """The same with an emulated Graph. `tenant` is the first tenant."""

    emulator: Emulator
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def tenant(self) -> EmulatedTenant:
        return self.emulator.tenants[0]

    def sync(self, tenant: str | None = None, **parameters: Any) -> RunSummary:
        """Run the real flow; a run that is held or fails comes back as a summary too."""
        from flows.sync import sync

        name = tenant or self.tenant.name
        state = sync(name, **{"as_of": self.emulator.today} | parameters, return_state=True)
        try:
            return state.result()
        except ActivationSyncError as error:
            outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
            return RunSummary(PlanView(name), "", self.emulator.today, outcome, error=str(error))

    def configure(self, **sections: dict[str, Any]) -> None:
        """Write the configuration again with other settings, and use it from now on."""
        self.settings = {name: self.settings.get(name, {}) | values for name, values in sections.items()} | {
            name: values for name, values in self.settings.items() if name not in sections
        }
        file = self.folder / "activation-sync.toml"
        file.write_text(self._toml(), encoding="utf-8")
        use_file(file)

    def warehouse_rows(self, tenant: str | None = None) -> set[Row]:
        """The warehouse table, as text and numbers."""
        query = text(f"SELECT {COLUMNS} FROM activation_user_count WHERE tenant = :tenant")  # noqa: S608
        with self.engine.connect() as connection:
            rows = connection.execute(query, {"tenant": tenant or self.tenant.name}).all()
        return {(str(day), *values) for day, *values in rows}

    def graph_rows(self, tenant: EmulatedTenant | None = None) -> set[Row]:
        """What Graph holds now, in the same form."""
        rows = self.emulator.rows((tenant or self.tenant).tenant_id)
        return {
            (
                str(row.refreshed_on),
                product_key(row.product_type),
                row.counts.assigned,
                row.counts.activated,
                row.counts.shared_computer_activation,
            )
            for row in rows
        }

    def patches(self) -> list[JournalEntry]:
        """Every PATCH that reached Graph, items of batches included."""
        return [served for served in self.emulator.journal() if served.operation == PATCH]

    def ending(self) -> Ending:
        """Where warehouse, Graph and ledger stand, without what differs from run to run."""
        return {**super().ending(), "graph": sorted(map(str, self.graph_rows()))}

    def _toml(self) -> str:
        tables = "\n".join(f"[{name}]\n{_pairs(values)}" for name, values in self.settings.items())
        return f"{tables}\n{''.join(self._tenant_toml(tenant) for tenant in self.emulator.tenants)}"

    def _tenant_toml(self, tenant: EmulatedTenant) -> str:
        secret = self.folder / f"{tenant.name}.secret"
        if not secret.exists():
            write_secret(secret, tenant.client_secret)
        values = {
            "name": tenant.name,
            "tenant_id": tenant.tenant_id,
            "client_id": tenant.client_id,
            "client_secret": f"file:{secret.name}",
        }
        return f"\n[[tenants]]\n{_pairs(values)}"


@contextmanager
def open_site(
    folder: Path, warehouse_url: str, scenario: Scenario | None = None, **sections: dict[str, Any]
) -> Iterator[Site]:
    """Graph is up, the warehouse is migrated and empty, the configuration is in use.

    On PostgreSQL the job has its own account, as in production; `Site.engine` is a person with all rights.
    """
    with open_emulator(scenario or Scenario(users=60)) as emulator, keeping_configuration():
        engine = open_engine(warehouse_url)
        migrate(engine)
        defaults = {
            "warehouse": {"url": f"file:{_secret_file(folder, _for_the_job(warehouse_url))}"},
            "landing": {"url": str(folder / "landing")},
            "graph": {
                "root": emulator.graph_root,
                "authority_root": emulator.authority_root,
                "download_hosts": [emulator.download_host],
                "ca_file": str(emulator.ca_file),
                "longest_wait_s": 5,
            },
            "sync": {"retry_delays_s": [0.05, 0.05, 0.05]},
            "write_back": {"enabled": True},
        }
        site = Site(folder, engine, emulator, defaults)
        site.configure(**sections)
        try:
            yield site
        finally:
            engine.dispose()
            unused = emulator.unused_faults()
            assert not unused, f"scripted faults that never happened: {unused}"
            assert not emulator.violations(), emulator.violations()


@contextmanager
def keeping_configuration() -> Iterator[None]:
    """Whichever configuration is put in use here, afterwards it is the one before again."""
    before = os.environ.get(FILE_VARIABLE)
    try:
        yield
    finally:
        os.environ.pop(FILE_VARIABLE, None)
        if before is not None:
            os.environ[FILE_VARIABLE] = before


def _for_the_job(url: str) -> str:
    return as_account(url, JOB) if url.startswith("postgresql") else url


def _secret_file(folder: Path, url: str) -> str:
    return write_secret(folder / "warehouse-url", url).name


def _pairs(values: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return "'" + value + "'"
        case dict():
            return "{ " + ", ".join(f"'{key}' = {_value(each)}" for key, each in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(_value(each) for each in value) + "]"
        case _:
            return str(value)
