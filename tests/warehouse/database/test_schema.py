"""The schema is migrated in one step, and refused when it is of another version."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from activation_sync.errors import SchemaVersionError
from activation_sync.warehouse.database.engine import open_engine, writing
from activation_sync.warehouse.database.schema import VERSION_TABLE, migrate, refuse_other_schema
from activation_sync.warehouse.database.tables import metadata


@pytest.fixture
def empty(warehouse_url):
    engine = open_engine(warehouse_url)
    yield engine
    engine.dispose()


def test_an_empty_warehouse_is_migrated_once_and_a_second_time_changes_nothing(empty):
    assert migrate(empty) == (None, "0003")
    assert migrate(empty) == ("0003", "0003")
    refuse_other_schema(empty)


def checks(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {table: sorted(check["name"] for check in found.get_check_constraints(table)) for table in metadata.tables}


def test_the_migrations_lead_to_the_tables_of_today(engine):
    with engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE}), metadata) == []
    migrated = checks(engine)
    with engine.begin() as conn:
        for view in inspect(conn).get_view_names():
            conn.exec_driver_sql(f"DROP VIEW {view}")
        metadata.drop_all(conn)
        metadata.create_all(conn)
    assert checks(engine) == migrated


def test_an_empty_warehouse_is_refused_with_the_command_that_migrates(empty):
    with pytest.raises(SchemaVersionError, match=r"schema none.*needs 0003.*activation-sync migrate"):
        refuse_other_schema(empty)


@pytest.mark.parametrize("look", [refuse_other_schema, migrate])
def test_a_schema_of_tomorrow_is_refused_with_the_advice_to_upgrade(engine, look):
    with writing(engine) as conn:
        conn.execute(text("UPDATE activation_sync_version SET version_num = '9999'"))
    with pytest.raises(SchemaVersionError, match=r"schema 9999.*after 0003.*upgrade the application"):
        look(engine)


@pytest.mark.parametrize("look", [refuse_other_schema, migrate])
@pytest.mark.parametrize("version", ["0002", "a1b2c3"])
def test_a_database_of_another_application_is_refused_and_left_as_it_was(empty, look, version):
    with empty.begin() as conn:
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        conn.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    with pytest.raises(SchemaVersionError, match="this table is another application's; give the warehouse a database"):
        look(empty)
    with empty.connect() as conn:
        assert inspect(conn).get_table_names() == ["alembic_version"]
        assert conn.scalar(text("SELECT version_num FROM alembic_version")) == version
        if conn.dialect.name == "sqlite":
            assert conn.scalar(text("PRAGMA journal_mode")) != "wal"


def test_a_warehouse_with_its_version_in_the_earlier_table_works_and_is_taken_over_by_migrate(engine):
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE alembic_version AS SELECT version_num FROM activation_sync_version"))
        conn.execute(text("DROP TABLE activation_sync_version"))
    refuse_other_schema(engine)
    newest = migrate(engine)[1]
    assert migrate(engine) == (newest, newest)
    with engine.connect() as conn:
        tables = inspect(conn).get_table_names()
        assert ("activation_sync_version" in tables, "alembic_version" in tables) == (True, False)


def test_the_version_table_of_another_application_beside_ours_is_none_of_our_business(engine):
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    refuse_other_schema(engine)
    migrate(engine)
    with engine.connect() as conn:
        assert "alembic_version" in inspect(conn).get_table_names()
