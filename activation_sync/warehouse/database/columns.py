"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

# SQLite counts on by itself only with INTEGER
BIG_ID = BigInteger().with_variant(Integer(), "sqlite")
SQLITE_NOW = "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"
SQLITE_EDITOR = "'by hand'"


class UtcTimestamp(TypeDecorator[datetime]):
    """An instant. TIMESTAMPTZ on PostgreSQL; on SQLite ISO text in UTC, of fixed width, so that it sorts."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Text() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a timestamp without a time zone has no place here: {value.isoformat()}")
        in_utc = value.astimezone(UTC)
        return in_utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  their signature
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        # text without a zone is a person's datetime('now'), which SQLite gives in UTC
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class UtcNow(FunctionElement[datetime]):
    """The database's clock, as a default for rows that people write by hand."""

    type = UtcTimestamp()
    inherit_cache = True


class Editor(FunctionElement[str]):
    """Who writes a row by hand, as far as the database knows."""

    type = Text()
    inherit_cache = True


@compiles(UtcNow, "sqlite")
def _sqlite_now(*_: Any, **__: Any) -> str:
    return f"({SQLITE_NOW})"


@compiles(UtcNow)
def _now(*_: Any, **__: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(Editor, "sqlite")
def _sqlite_editor(*_: Any, **__: Any) -> str:
    return SQLITE_EDITOR


@compiles(Editor)
def _editor(*_: Any, **__: Any) -> str:
    return "SESSION_USER"
