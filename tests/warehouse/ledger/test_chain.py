"""The ledger's chain: one a tenant, never forked, and whoever writes past it is found out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from activation_sync.core.stamp import Head
from activation_sync.warehouse.counts.apply import apply_plan
from activation_sync.warehouse.database.engine import open_engine, reading, writing
from activation_sync.warehouse.ledger.chain import (
    NOTHING_BEFORE,
    append_rows,
    has_row,
    hash_of,
    read_head,
    read_heads,
    read_newest,
)
from activation_sync.warehouse.ledger.ledger import Act, record_act
from activation_sync.warehouse.ledger.proof import BrokenRow, ChainFault, ChainProof, prove_chain
from tests.support.rows import APPS, AT, DAY, VISIO, change, plan, stamp


def act(conn: Connection, note: str = "as agreed", tenant: str = "contoso") -> None:
    record_act(conn, tenant, Act("approve", note), stamp("run-1").by("somebody"))


@pytest.fixture
def written(engine: Engine) -> Engine:
    """Six decisions and an act of one tenant, and one act of another between them."""
    with writing(engine) as conn:
        apply_plan(conn, plan(change(), change(product=VISIO)), stamp("run-1"))
        act(conn, tenant="fabrikam")
        act(conn)
    return engine


def prove(engine: Engine, head: str | None = None) -> ChainProof:
    with reading(engine) as conn:
        return prove_chain(conn, "contoso", [head] if head else [])


def first_broken(engine: Engine) -> tuple[int, ChainFault]:
    broken = prove(engine).broken
    assert broken
    return broken.id, broken.fault


def ids(engine: Engine) -> list[int]:
    with reading(engine) as conn:
        return list(conn.scalars(text("SELECT id FROM ledger WHERE tenant = 'contoso' ORDER BY id")))


def bypass(engine: Engine, *statements: str, **values: object) -> None:
    """What somebody with the database's own rights could do."""
    guards = (
        [
            "DROP TRIGGER ledger_refuses_update",
            "DROP TRIGGER ledger_refuses_delete",
            "DROP TRIGGER ledger_refuses_replace",
        ]
        if engine.dialect.name == "sqlite"
        else ["ALTER TABLE ledger DISABLE TRIGGER USER"]
    )
    with engine.begin() as conn:
        for guard in [*guards, "DROP INDEX ux_ledger_prev_hash"]:
            conn.execute(text(guard))
        for statement in statements:
            conn.execute(text(statement), values)


def test_a_chain_that_nobody_touched_is_proven_to_its_last_row(written):
    proof = prove(written)
    with reading(written) as conn:
        assert proof == ChainProof("contoso", 7, read_head(conn, "contoso"))
        assert prove_chain(conn, "fabrikam").rows == 1
        assert list(read_heads(conn)) == ["contoso", "fabrikam"]


def test_no_row_is_no_fault(engine):
    assert prove(engine) == ChainProof("contoso", 0, NOTHING_BEFORE)


@pytest.mark.parametrize(
    "alteration",
    ["settled = 999", "who = 'nobody'", "at = '2020-01-01 00:00:00+00'", "note = 'x'", "run_id = ''", "product = 'Ä'"],
)
def test_an_altered_row_is_named(written, alteration):
    third = ids(written)[2]
    bypass(written, f"UPDATE ledger SET {alteration} WHERE id = :id", id=third)  # noqa: S608  the table above
    assert first_broken(written) == (third, ChainFault.ALTERED)
    assert prove(written).rows == 2


@pytest.mark.parametrize("position", [0, 2])
def test_a_deleted_row_is_missed_by_the_row_after_it(written, position):
    gone, after = ids(written)[position : position + 2]
    bypass(written, "DELETE FROM ledger WHERE id = :id", id=gone)
    assert first_broken(written) == (after, ChainFault.MISSING)


def test_two_swapped_rows_are_named_at_the_first_of_them(written):
    second, third = ids(written)[1:3]
    swap = ("UPDATE ledger SET id = -id WHERE id IN (:a, :b)", "UPDATE ledger SET id = :a + :b + id WHERE id < 0")
    bypass(written, *swap, a=second, b=third)
    assert first_broken(written) == (second, ChainFault.MOVED)


COPY = (
    "INSERT INTO ledger (id, at, tenant, run_id, who, kind, note, prev_hash, hash) "
    "SELECT :new, at, tenant, run_id, who, kind, note, {prev_hash}, {hash} FROM ledger WHERE id = :last"
)


def test_an_inserted_row_without_a_hash_of_its_own_is_named(written):
    last = ids(written)[-1]
    bypass(written, COPY.format(prev_hash="hash", hash="'made up'"), new=last + 1, last=last)
    assert first_broken(written) == (last + 1, ChainFault.ALTERED)


def test_an_inserted_row_with_a_true_hash_forks_the_chain(written):
    first, last = ids(written)[0], ids(written)[-1]
    with reading(written) as conn:
        followed = conn.scalar(text("SELECT hash FROM ledger WHERE id = :id"), {"id": first})
        content = conn.execute(text("SELECT * FROM ledger WHERE id = :id"), {"id": last}).mappings().one()
    forged = COPY.format(prev_hash=":prev_hash", hash=":hash").replace("who, kind, note,", "who, kind, rule, note,")
    bypass(written, forged, new=last + 1, last=last, prev_hash=followed, hash=hash_of(content, followed))
    assert first_broken(written) == (last + 1, ChainFault.FORKED)


def test_a_second_beginning_forks_the_chain(written):
    last = ids(written)[-1]
    with reading(written) as conn:
        content = conn.execute(text("SELECT * FROM ledger WHERE id = :id"), {"id": last}).mappings().one()
    forged = COPY.format(prev_hash="''", hash=":hash").replace("who, kind, note,", "who, kind, rule, note,")
    bypass(written, forged, new=last + 1, last=last, hash=hash_of(content, ""))
    assert first_broken(written) == (last + 1, ChainFault.FORKED)


def test_rows_cut_off_at_the_end_show_against_a_head_noted_earlier(written):
    head = prove(written).head
    with writing(written) as conn:
        act(conn, "later")
    assert prove(written, head).found == {head}
    bypass(written, "DELETE FROM ledger WHERE id >= :id", id=ids(written)[-2])
    proof = prove(written, head)
    assert (proof.broken, proof.found) == (None, frozenset())


def test_a_head_is_found_under_another_id_as_after_a_move_to_another_database(written):
    with reading(written) as conn:
        newest = read_newest(conn, "contoso")
        assert newest is not None
        moved = Head(newest.row + 1000, newest.hash)
        assert [has_row(conn, "contoso", head) for head in (newest, moved)] == [True, True]
        assert not has_row(conn, "contoso", Head(newest.row, "0" * 64))
        assert not has_row(conn, "fabrikam", newest)


def test_the_broken_row_says_when_it_was_written(written):
    first = ids(written)[0]
    bypass(written, "UPDATE ledger SET who = 'x' WHERE id = :id", id=first)
    broken = prove(written).broken
    assert isinstance(broken, BrokenRow)
    assert broken.at.startswith("2026-11-21")


def test_transactions_that_append_at_once_follow_each_other(engine, warehouse_url):
    patient = open_engine(warehouse_url, lock_timeout_s=60)  # nineteen others may be first, on a slow disk

    def append_some(who: int) -> None:
        for number in range(5):
            with writing(patient) as conn:
                act(conn, f"{who}-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append_some, range(4)))
    patient.dispose()
    assert prove(engine).rows == 20
    assert prove(engine).broken is None


def test_a_writer_that_got_past_the_lock_cannot_fork_the_chain(written):
    forked = (
        "INSERT INTO ledger (at, tenant, run_id, who, kind, prev_hash, hash) "
        "SELECT at, tenant, run_id, who, 'person', prev_hash, 'other' FROM ledger WHERE id = :id"
    )
    with pytest.raises(DBAPIError, match=r"append-only|ux_ledger_prev_hash"), written.begin() as conn:
        conn.execute(text(forked), {"id": ids(written)[-1]})


def test_a_row_cannot_be_replaced(engine):
    if engine.dialect.name == "postgresql":
        statement = "INSERT INTO ledger SELECT * FROM ledger ON CONFLICT (id) DO UPDATE SET who = 'x'"
    else:
        statement = "INSERT OR REPLACE INTO ledger SELECT * FROM ledger"
    with writing(engine) as conn:
        act(conn)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as conn:
        conn.execute(text(statement))


def test_a_row_is_sealed_the_same_on_every_database(engine):
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(microseconds=7)
    content = {
        "at": elsewhere,
        "tenant": "contoso",
        "run_id": "r",
        "who": "Zoë \U0001f600",
        "kind": "sent",
        "refreshed_on": DAY,
        "product": APPS,
        "in_doubt": True,
        "settled": 2**40,
    }
    with writing(engine) as conn:
        append_rows(conn, "contoso", [content])
        head = read_head(conn, "contoso")
    canonical = (
        r'{"at":"2026-11-21T02:00:00.000007Z","in_doubt":1,"kind":"sent","product":"MICROSOFT 365 APPS FOR ENTERPRISE",'
        r'"refreshed_on":"2026-11-19","run_id":"r","settled":1099511627776,"tenant":"contoso",'
        r'"who":"Zo\u00eb \ud83d\ude00"}'
    )
    assert head == sha256(f"{NOTHING_BEFORE}\n{canonical}".encode()).hexdigest()
    assert prove(engine).broken is None
