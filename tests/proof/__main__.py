"""Prove that nothing is lost, stale or invented, on SQLite and PostgreSQL. `python -m tests.proof --help`."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from tests.proof.parts import DATABASES, Part, prove, walk_again

MOST_SHOWN = 20
KINDS = ("lost", "stale", "invented", "left over")


def main() -> int:
    """Both databases at once, a processor each; 1 when any promise was broken."""
    arguments = _arguments()
    with ProcessPoolExecutor(len(DATABASES), get_context("spawn")) as pool:
        proofs = [_begin(pool, database, arguments) for database in arguments.database or DATABASES]
        parts = [part for proof in proofs for part in proof.result()]
    console = Console()
    console.print(_table(parts))
    _show(console, parts)
    return int(any(part.breaches for part in parts))


def _begin(pool: Executor, database: str, arguments: argparse.Namespace) -> Future[list[Part]]:
    if arguments.seed is not None:
        return pool.submit(walk_again, database, arguments.seed)
    return pool.submit(prove, database, arguments.first_seed, arguments.walks)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make proof ARGS=...", description=__doc__)
    parser.add_argument("--seed", type=int, help="take this walk again, and nothing else")
    parser.add_argument("--first-seed", type=int, default=1, help="of the walks; another one proves something else")
    parser.add_argument("--walks", type=int, default=30, help="how many, on each database")
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one")
    return parser.parse_args()


def _table(parts: Sequence[Part]) -> Table:
    table = Table("database", "what and how much", *KINDS, "seconds")
    for part in parts:
        counts = (str(part.count(kind)) for kind in KINDS)
        table.add_row(part.database, f"{part.title}\n{part.figures}", *counts, f"{part.seconds:.0f}", end_section=True)
    return table


def _show(console: Console, parts: Sequence[Part]) -> None:
    broken = [(part, where, breach) for part in parts for where, breach in part.breaches]
    for part, where, breach in broken[:MOST_SHOWN]:
        console.print(f"{part.database}, {part.title}, {where}: {breach.kind}: {breach.words}", markup=False)
    if not broken:
        console.print("0 lost, 0 stale, 0 invented, 0 left over")


if __name__ == "__main__":
    sys.exit(main())
