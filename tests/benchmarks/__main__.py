"""Run the benchmarks and print one table: ours, the floor, and the ratio. `python -m tests.benchmarks --help`."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from tests.benchmarks import delivery, detail, keys
from tests.benchmarks.measure import Cost, cost_of, python
from tests.support.servers.postgres import serving_postgres

Figure = tuple[str, Cost, Cost]


def main() -> None:
    arguments = _arguments()
    table = Table("work", "ours", "peak", "floor", "peak", "ours / floor")
    for figures in (_detail, _keys, _delivery, _help):
        for work, ours, floor in figures(arguments):
            table.add_row(work, *_cells(ours), *_cells(floor), ours.beside(floor))
    Console().print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="rows of the user detail report")
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys to reconcile")
    parser.add_argument("--updates", type=int, default=1_000, help="updates to send")
    return parser.parse_args()


def _detail(arguments: argparse.Namespace) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, serving_postgres() as server:
        report = Path(folder) / "report.csv"
        detail.write_report(report, arguments.rows)
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("CREATE DATABASE ours")
            admin.execute("CREATE DATABASE bare")
        postgres = (server.replace("/postgres?", f"/{name}?") for name in ("ours", "bare"))
        sqlite = (f"sqlite:///{folder}/{name}.db" for name in ("ours", "bare"))
        work = f"{arguments.rows:,} detail rows into"
        yield f"{work} SQLite", *_pair(detail.ours, detail.sqlite_floor, sqlite, report)
        yield f"{work} PostgreSQL", *_pair(detail.ours, detail.postgres_floor, postgres, report)


def _pair(ours: Callable[..., object], floor: Callable[..., object], urls: Iterator[str], report: Path) -> list[Cost]:
    return [cost_of(work, next(urls), report) for work in (ours, floor)]


def _keys(arguments: argparse.Namespace) -> Iterator[Figure]:
    yield f"{arguments.keys:,} keys three ways", cost_of(keys.ours, arguments.keys), cost_of(keys.floor, arguments.keys)


def _delivery(arguments: argparse.Namespace) -> Iterator[Figure]:
    with delivery.serving_emulator(arguments.updates) as address:
        for batch, how in ((1, "one by one"), (delivery.BATCH, "in batches")):
            costs = [cost_of(work, address, arguments.updates, batch) for work in (delivery.ours, delivery.floor)]
            yield f"{arguments.updates:,} updates {how}", *costs


def _help(_: argparse.Namespace) -> Iterator[Figure]:
    ours = "import sys; sys.argv[1:] = ['--help']; from commands.main import main; main()"
    yield "activation-sync --help", cost_of(python, ours), cost_of(python, "pass")


def _cells(cost: Cost) -> tuple[str, str]:
    return f"{cost.seconds:.2f} s", f"{cost.peak_mb:.0f} MB"


if __name__ == "__main__":
    main()
