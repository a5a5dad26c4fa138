"""The ledger is append-only and answers why."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from activation_sync.core.model import Counts
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import reading, writing
from activation_sync.warehouse.database.tables import ledger
from activation_sync.warehouse.ledger.ledger import read_why
from tests.support.rows import APPS, AT, DAY, VISIO, change, plan, stamp


def note(engine, *changes):
    with writing(engine) as conn:
        apply_plan(conn, plan(*changes), stamp("run-1"))


@pytest.mark.parametrize("statement", ["UPDATE ledger SET settled = 0", "DELETE FROM ledger"])
def test_the_ledger_refuses_to_be_changed(engine, statement):
    note(engine, change())
    with pytest.raises(DBAPIError, match="the ledger is append-only"), engine.begin() as conn:
        conn.execute(text(statement))
    with reading(engine) as conn:
        assert len(conn.execute(select(ledger)).all()) == 3


def test_why_tells_of_the_newest_date_unless_asked_for_another(engine):
    earlier = DAY - timedelta(days=7)
    note(engine, change(Counts(1, 1, 1), on=earlier), change(Counts(2, 2, 2)), change(product=VISIO))
    with reading(engine) as conn:
        newest, asked_for = read_why(conn, "contoso", APPS), read_why(conn, "contoso", APPS, earlier)
    assert [(row.refreshed_on, row.settled) for row in newest] == [(DAY, 2)] * 3
    assert [(row.refreshed_on, row.settled) for row in asked_for] == [(earlier, 1)] * 3
    assert (newest[0].who, newest[0].run_id, newest[0].at) == ("nightly", "run-1", AT)


def test_nothing_is_known_of_a_product_never_decided(engine):
    with reading(engine) as conn:
        assert read_why(conn, "contoso", "NEVER SEEN") == []
