"""The accounts of deployments/roles.sql can do their work, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from activation_sync.warehouse.database.engine import open_engine
from activation_sync.warehouse.database.grants import JOB, READER
from activation_sync.warehouse.database.schema import migrate, refuse_other_schema
from activation_sync.warehouse.database.tables import metadata
from tests.support.command_lines import DEPLOYMENTS
from tests.support.servers.postgres import as_account, make_accounts

OWNER, PREFECT = "activation_sync_owner", "activation_sync_prefect"
RELATIONS = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1"
)


@pytest.fixture(scope="module")
def warehouse(postgres_url: str) -> Iterator[str]:
    """A database with the accounts, whose tables the owner made."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE with_accounts")
        url = postgres_url.replace("/postgres?", "/with_accounts?")
        make_accounts(url)
        migrate_as(url, OWNER)
        yield url
        admin.execute("DROP DATABASE with_accounts WITH (FORCE)")


def migrate_as(url: str, account: str) -> None:
    engine = open_engine(as_account(url, account))
    migrate(engine)
    engine.dispose()


@contextmanager
def client(url: str, account: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(as_account(url, account), autocommit=True) as connection:
        yield connection


def may(url: str, account: str, statement: str) -> bool:
    """False where PostgreSQL says that the account lacks the right; nothing stays of what it may do."""
    with client(url, account) as connection, connection.transaction(force_rollback=True):
        try:
            connection.execute(statement)
        except InsufficientPrivilege:
            return False
        except psycopg.errors.RaiseException:  # the ledger's trigger, which is asked after the rights
            return True
    return True


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "DROP TABLE outbox",
        "ALTER TABLE outbox ADD COLUMN a int",
        "ALTER TABLE ledger DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_refuses_change ON ledger",
        "CREATE INDEX mine ON outbox (tenant)",
        "CREATE OR REPLACE VIEW bi_drift AS SELECT 1",
        "TRUNCATE outbox",
        "UPDATE ledger SET settled = 0",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "SELECT * FROM ledger FOR UPDATE",
        "UPDATE activation_sync_version SET version_num = '0001'",
        "SET SESSION AUTHORIZATION activation_sync_owner",
        "SET ROLE activation_sync_owner",
    ],
)
def test_the_job_changes_neither_the_schema_nor_what_stands_in_the_ledger(warehouse: str, statement: str) -> None:
    assert not may(warehouse, JOB, statement)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_job_reads_and_writes_every_table_and_only_adds_to_the_ledger(warehouse: str, table: str) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE")
    with client(warehouse, JOB) as connection:
        held = [connection.execute("SELECT has_table_privilege(%s, %s)", (table, right)).fetchone() for right in rights]
    assert [right for right, (has,) in zip(rights, held, strict=True) if has] == list(
        rights[:2] if table == "ledger" else rights
    )


def test_the_job_can_tell_the_schema_and_its_migrate_has_nothing_to_do(warehouse: str) -> None:
    engine = open_engine(as_account(warehouse, JOB))
    refuse_other_schema(engine)
    before, now = migrate(engine)
    engine.dispose()
    assert before == now


def test_the_reader_sees_the_views_for_bi_and_nothing_else(warehouse: str) -> None:
    with psycopg.connect(warehouse) as admin:
        names = [name for (name,) in admin.execute(RELATIONS)]
    seen = [name for name in names if may(warehouse, READER, f"SELECT * FROM {name}")]  # noqa: S608
    assert seen == [name for name in names if name.startswith("bi_")]
    assert len(seen) == 8
    assert not may(warehouse, READER, "CREATE TEMPORARY TABLE mine (a int)")


def test_prefect_and_the_warehouse_cannot_come_to_each_other(warehouse: str) -> None:
    prefect = warehouse.replace("/with_accounts?", "/prefect?")
    for url, account in ((warehouse, PREFECT), (prefect, JOB), (prefect, OWNER), (prefect, READER)):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(as_account(url, account))
    assert may(prefect, PREFECT, "CREATE TABLE flow (a int)")


def test_no_account_is_more_than_it_is_made_for_and_none_has_a_password(warehouse: str) -> None:
    with psycopg.connect(warehouse) as admin:
        rights = admin.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls, rolpassword FROM pg_authid "
            "WHERE rolname LIKE 'activation_sync_%' ORDER BY 1"
        ).fetchall()
    assert rights == [(name, False, None) for name in sorted((OWNER, JOB, READER, PREFECT))]


def test_a_warehouse_that_a_superuser_made_becomes_the_owners(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE earlier")
        url = postgres_url.replace("/postgres?", "/earlier?")
        migrate_as(url, "postgres")
        for _ in range(2):  # the second time changes nothing
            make_accounts(url)
        migrate_as(url, OWNER)
        assert may(url, OWNER, "ALTER TABLE ledger ADD COLUMN a int")
        assert may(url, JOB, "DELETE FROM outbox")
        assert not may(url, JOB, "DELETE FROM ledger")
        admin.execute("DROP DATABASE earlier WITH (FORCE)")


def test_each_account_gets_the_password_of_its_file(warehouse: str, tmp_path: Path) -> None:
    script = (DEPLOYMENTS / "role-passwords.sql").read_text(encoding="utf-8")
    for name in ("owner", "job", "reader", "prefect"):
        (tmp_path / f"{name}-password").write_text(f"it's {name}\n", encoding="utf-8")
    here = tmp_path / "passwords.sql"
    here.write_text(script.replace("/run/secrets", str(tmp_path)), encoding="utf-8")

    with psycopg.connect(warehouse, autocommit=True) as admin:
        try:
            make_accounts(warehouse, script=here)
            [(count,)] = admin.execute(
                "SELECT count(DISTINCT rolpassword) FROM pg_authid WHERE rolname LIKE 'activation_sync_%'"
            ).fetchall()
        finally:
            for account in (OWNER, JOB, READER, PREFECT):
                admin.execute(f"ALTER ROLE {account} PASSWORD NULL")
    assert count == 4
