"""What somebody with the rights of the database's owner can do to the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, text

GUARDS = {
    "sqlite": [f"DROP TRIGGER IF EXISTS ledger_refuses_{verb}" for verb in ("update", "delete", "replace")],
    "postgresql": ["ALTER TABLE ledger DISABLE TRIGGER USER"],
}


def let_ledger_change(engine: Engine, *statements: str, **values: Any) -> None:
    """Do this to the ledger, past the guards that refuse it."""
    with engine.begin() as connection:
        for guard in GUARDS[engine.dialect.name]:
            connection.execute(text(guard))
        for statement in statements:
            connection.execute(text(statement), values)


@contextmanager
def refusing_acts(engine: Engine, verb: str) -> Iterator[None]:
    """Here, whoever notes such an act fails, and their transaction with it."""
    refuse, allow = {
        "sqlite": (
            f"CREATE TRIGGER refusing BEFORE INSERT ON ledger WHEN NEW.rule = '{verb}' BEGIN "
            "SELECT RAISE(ABORT, 'refused'); END",
            "DROP TRIGGER refusing",
        ),
        "postgresql": (
            f"ALTER TABLE ledger ADD CONSTRAINT refusing CHECK (rule IS DISTINCT FROM '{verb}') NOT VALID",
            "ALTER TABLE ledger DROP CONSTRAINT refusing",
        ),
    }[engine.dialect.name]
    for statement in (refuse, allow):
        with engine.begin() as connection:
            connection.execute(text(statement))
        if statement is refuse:
            yield
