"""What somebody with the rights of the database's owner can do to the ledger."""

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
