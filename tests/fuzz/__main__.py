"""Feed every target with bytes made wrong at random. `python -m tests.fuzz --help`."""

import argparse
import sys
from time import monotonic

from tests.fuzz.run import Foreign, feed, peak_bytes
from tests.fuzz.targets import TARGETS

MOST_BYTES = 300_000_000
MOST_SHOWN = 20


def main() -> int:
    """1 when anything but our own errors came out, or a bound was exceeded."""
    arguments = _arguments()
    began, foreign, fed = monotonic(), list[Foreign](), 0
    for target in arguments.target or TARGETS:
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.inputs // len(TARGETS))
        since = monotonic()
        foreign += feed(target, seeds)
        fed += len(seeds)
        print(f"{target}: {len(seeds):,} inputs, {monotonic() - since:.0f} s", flush=True)
    took_s, peak = monotonic() - began, peak_bytes()
    for one in foreign[:MOST_SHOWN]:
        print(f"{one.target}, --first-seed {one.seed}: {one.error}")
    print(f"{fed:,} inputs, {took_s:.0f} s, {peak / 1e6:.0f} MB at most, {len(foreign)} foreign exceptions")
    return int(bool(foreign) or peak > MOST_BYTES or took_s > arguments.most_s)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=...", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many, over all targets")
    parser.add_argument("--first-seed", type=int, default=1, help="another one makes other inputs")
    parser.add_argument("--most-s", type=float, default=3_600, help="seconds that it may take")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
