"""A user detail report into the warehouse, beside the least it could cost: bare csv into a bare table."""

import csv
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from activation_sync.core.model import Report
from activation_sync.core.reports.derive import DetailCounts
from activation_sync.core.reports.parse import ParseNotes, parse_detail
from activation_sync.warehouse.database.engine import open_engine, writing
from activation_sync.warehouse.database.schema import migrate
from activation_sync.warehouse.reports.detail import load_detail
from activation_sync.warehouse.reports.manifest import LandedReport, record_landed

HEADER = (
    "Report Refresh Date,User Principal Name,Display Name,Product Type,Last Activated Date,"
    "Windows,Mac,Windows 10 Mobile,iOS,Android,Activated On Shared Computer"
)
PRODUCTS = ("MICROSOFT 365 APPS FOR ENTERPRISE", "VISIO PRO FOR OFFICE 365", "PROJECT ONLINE DESKTOP CLIENT")
COLUMNS = 11


def write_report(path: Path, rows: int) -> None:
    """A report of so many rows, two thirds of them activated."""
    first = date(2024, 1, 1)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(HEADER + "\r\n")
        for row in range(rows):
            activated = "" if row % 3 == 0 else str(first + timedelta(days=row % 900))
            user = f"user{row // 3:07}@contoso.example"
            file.write(f"2026-11-19,{user},User {row // 3},{PRODUCTS[row % 3]},{activated},{row % 3},0,0,1,0,False\r\n")


def ours(url: str, path: Path) -> Callable[[], object]:
    """Validated, counted and swapped in, in one transaction."""
    engine = open_engine(url)
    migrate(engine)
    now = datetime.now(UTC)
    landed = LandedReport("contoso", Report.USER_DETAIL, path.name, path.stat().st_size, str(path), now, now)

    def load() -> None:
        with path.open("rb") as stream, writing(engine) as connection:
            record_landed(connection, landed)
            notes = ParseNotes()
            counts = DetailCounts(notes.spelled)
            rows = counts.through(parse_detail(stream, notes=notes))
            load_detail(connection, landed, rows, counts, now)

    return load


def sqlite_floor(url: str, path: Path) -> Callable[[], object]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute(f"CREATE TABLE bare ({', '.join(f'c{n}' for n in range(COLUMNS))})")

    def load() -> None:
        with path.open(encoding="utf-8-sig", newline="") as file, connection:
            rows = csv.reader(file)
            next(rows)
            connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * COLUMNS)})", rows)  # noqa: S608

    return load


def postgres_floor(url: str, path: Path) -> Callable[[], object]:
    connection = psycopg.connect(url)
    connection.execute(f"CREATE TABLE bare ({', '.join(f'c{n} text' for n in range(COLUMNS))})")

    def load() -> None:
        with path.open("rb") as file, connection.cursor() as cursor:
            with cursor.copy("COPY bare FROM STDIN WITH (FORMAT csv, HEADER true)") as copy:
                for block in _blocks(file.read):
                    copy.write(block)
            connection.commit()

    return load


def _blocks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(lambda: read(1 << 20), b"")
