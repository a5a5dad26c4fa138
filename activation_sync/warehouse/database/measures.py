"""Between `Counts` and the columns that hold them."""

from sqlalchemy import ColumnElement, FromClause, RowMapping, or_

from activation_sync.core.model import Counts, Measure


def counts_of(row: RowMapping, prefix: str = "") -> Counts:
    """The measures of a row, from the columns that begin with `prefix`."""
    return Counts(*(row[f"{prefix}{measure}"] for measure in Measure))


def measures_of(counts: Counts, prefix: str = "") -> dict[str, int | None]:
    """The columns that hold these counts."""
    return {f"{prefix}{measure}": count for measure, count in zip(Measure, counts, strict=True)}


def has_counts(table: FromClause, prefix: str = "") -> ColumnElement[bool]:
    """True of a row when any of these columns holds a count."""
    return or_(*(table.c[f"{prefix}{measure}"].is_not(None) for measure in Measure))
