"""Rows of ours as a Parquet file, where pyarrow is installed."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from io import BytesIO
from typing import Any

from activation_sync.errors import ConfigError


def parquet_bytes(row_type: type[Any], rows: Sequence[Any]) -> bytes:
    """Rows of a dataclass, columns typed by its fields even where there are no rows. ConfigError without pyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        remedy = 'install it with: pip install -e ".[parquet]"; or write --csv, which needs nothing'
        raise ConfigError([f"a Parquet file needs the package pyarrow, which is not installed; {remedy}"]) from None
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), date: pa.date32()}
    kinds[datetime] = pa.timestamp("us", tz="UTC")
    schema = pa.schema([(field.name, _kind(field.type, kinds)) for field in fields(row_type)])
    written = BytesIO()
    parquet.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=schema), written)
    return written.getvalue()


def _kind(annotation: Any, kinds: dict[type, Any]) -> Any:
    """The column type of `int` and of `int | None` alike."""
    return next(kind for python, kind in kinds.items() if annotation in (python, python | None))
