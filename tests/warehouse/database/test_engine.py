"""Transactions mean the same on both databases, and people may write the counts by hand."""

import re
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from activation_sync.errors import WarehouseBusyError, WarehouseError
from activation_sync.warehouse.database.engine import open_engine, reading, writing
from activation_sync.warehouse.database.schema import migrate
from activation_sync.warehouse.database.tables import activation_user_count, sync_run
from activation_sync.warehouse.runs.runs import read_last_run, record_run_started
from tests.support.rows import AT, DAY, by_hand, stamp


def start(conn, at=AT, run_id="run-1"):
    record_run_started(conn, "contoso", DAY, stamp(run_id, at))


def test_what_is_written_is_there_for_the_next_reader(engine):
    with writing(engine) as conn:
        start(conn)
    with reading(engine) as conn:
        assert read_last_run(conn, "contoso").run_id == "run-1"


def start_and_fail(engine):
    with writing(engine) as conn:
        start(conn)
        raise ZeroDivisionError


def test_a_failing_writer_leaves_nothing(engine):
    with pytest.raises(ZeroDivisionError):
        start_and_fail(engine)
    with reading(engine) as conn:
        assert read_last_run(conn, "contoso") is None


def test_a_reader_sees_one_state_throughout_and_cannot_write(engine):
    with reading(engine) as conn:
        assert read_last_run(conn, "contoso") is None
        with writing(engine) as other:
            start(other)
        assert read_last_run(conn, "contoso") is None
    with pytest.raises(WarehouseError, match="read-only"), reading(engine) as conn:
        start(conn, run_id="run-2")
    with writing(engine) as conn:  # the same connection, and it may write again
        start(conn, run_id="run-3")


ODD_DEFAULTS = {
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "search_path": "decoy, public",
    "DateStyle": "'German, DMY'",
    "TimeZone": "'Asia/Kathmandu'",
    "IntervalStyle": "sql_standard",
    "standard_conforming_strings": "off",
    "lock_timeout": "1",
}


@pytest.mark.parametrize("whose", ["DATABASE odd", "ROLE postgres IN DATABASE odd"])
def test_what_a_database_or_an_account_sets_by_default_changes_nothing_that_we_read_or_write(postgres_url, whose):
    with own_database(postgres_url, "odd") as url, psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA decoy CREATE TABLE decoy.sync_run () CREATE TABLE decoy.activation_user_count ()")
        for name, value in ODD_DEFAULTS.items():
            admin.execute(f"ALTER {whose} SET {name} = {value}")
        migrate(engine := open_engine(url))
        with writing(engine) as conn:
            start(conn, run_id="back\\slash")
            by_hand(conn)
        with reading(engine) as conn:
            run = read_last_run(conn, "contoso")
            row = conn.execute(select(activation_user_count)).mappings().one()
            assert (
                conn.scalar(text("SELECT CAST('2026-11-09' AS DATE) || ' ' || INTERVAL '1 day'")) == "2026-11-09 1 day"
            )
        engine.dispose()
        assert admin.execute("SELECT count(*) FROM public.sync_run").fetchall() == [(1,)]
    assert (run.run_id, run.as_of, run.started_at) == ("back\\slash", DAY, AT)
    assert row["refreshed_on"] == DAY


def test_a_database_without_an_encoding_gives_text(postgres_url):
    """As servers make them that were set up without a locale."""
    with own_database(postgres_url, "no_encoding", "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0") as url:
        migrate(engine := open_engine(url))
        with writing(engine) as conn:
            start(conn, run_id="Läufe")
        with reading(engine) as conn:
            assert read_last_run(conn, "contoso").run_id == "Läufe"
        engine.dispose()


@contextmanager
def own_database(server_url, name, options=""):
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} {options}")
    yield server_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_timestamps_come_back_in_utc_whatever_zone_they_were_given_in(engine):
    in_vienna = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    with writing(engine) as conn:
        start(conn, in_vienna)
        back = conn.scalar(select(sync_run.c.started_at))
    assert back == in_vienna
    assert back.utcoffset() == timedelta(0)


def test_a_timestamp_without_a_zone_is_refused(engine):
    with pytest.raises(StatementError, match="without a time zone"), writing(engine) as conn:
        start(conn, datetime(2026, 11, 21))  # noqa: DTZ001  that is the point


def test_a_person_needs_only_the_natural_columns(engine):
    with writing(engine) as conn:
        conn.execute(
            text(
                "INSERT INTO activation_user_count (tenant, refreshed_on, product, assigned) "
                "VALUES ('contoso', '2026-11-19', 'VISIO PRO', 5)"
            )
        )
        row = conn.execute(select(activation_user_count)).mappings().one()
    assert (row["refreshed_on"], row["assigned"], row["activated"]) == (DAY, 5, None)
    assert row["updated_at"].utcoffset() == timedelta(0)
    assert row["updated_by"]


def test_a_row_edited_by_hand_no_longer_says_that_the_job_wrote_it(engine):
    with writing(engine) as conn:
        values = {"tenant": "contoso", "refreshed_on": DAY, "product": "VISIO PRO"}
        conn.execute(insert(activation_user_count), {**values, "updated_at": AT, "updated_by": "nightly"})
    with writing(engine) as conn:
        conn.execute(text("UPDATE activation_user_count SET assigned = 6"))
        row = conn.execute(select(activation_user_count)).mappings().one()
    assert row["updated_by"] != "nightly"
    assert row["updated_at"] != AT


@pytest.mark.parametrize(
    ("day", "product", "assigned"),
    [
        pytest.param("2026-11-19", "VISIO PRO", -1, id="fewer-than-none"),
        pytest.param("2026-11-19", "VISIO PRO", "many", id="a-word-for-a-number"),
        pytest.param("19.11.", "VISIO PRO", 1, id="a-date-of-another-shape"),
        pytest.param("2026-11-19", "VISIO PRO ", 1, id="a-product-with-a-space-behind"),
    ],
)
def test_a_slip_of_the_hand_is_refused(engine, day, product, assigned):
    statement = text(
        "INSERT INTO activation_user_count (tenant, refreshed_on, product, assigned) VALUES ('c', :d, :p, :a)"
    )
    with pytest.raises(DBAPIError), engine.begin() as conn:
        conn.execute(statement, {"d": day, "p": product, "a": assigned})


def test_a_second_writer_is_told_to_try_again(engine):
    with writing(engine) as conn:
        conn.execute(select(sync_run))
        by_hand(conn)
        with pytest.raises(WarehouseBusyError, match="another"), writing(engine) as other:
            by_hand(other)


def read_all_at_once(engine, readers):
    with ExitStack() as open_readers:
        for _ in range(readers):
            open_readers.enter_context(reading(engine))


def test_more_readers_than_connections_are_told_to_try_again(engine):
    with pytest.raises(WarehouseBusyError, match="every connection is in use"):
        read_all_at_once(engine, 100)


def test_a_broken_rule_of_the_schema_is_one_error_with_its_code_and_neither_row_nor_statement(engine):
    values = {"run_id": "secret", "tenant": "contoso", "as_of": DAY, "who": None, "started_at": AT}
    with (
        pytest.raises(WarehouseError, match=r"SQLSTATE 23502, public, sync_run, who|_NOTNULL") as refusal,
        writing(engine) as conn,
    ):
        conn.execute(insert(sync_run), values)
    assert refusal.value.__suppress_context__
    assert not re.search("secret|INSERT", str(refusal.value))
